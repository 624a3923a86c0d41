import { type StudyChange, unpackRows } from '../../report/study/columns.ts';
import type { Passing, StudyHead, StudyPicture, TrialDetails } from '../../report/study/picture.ts';

export interface StudyEntry {
  readonly name: string;
  readonly createdAt: number;
  readonly live: boolean;
}

/** Where the page has its data from: a server, or the file that it stands in. */
export interface Source {
  /** A file has no server to export models, and nothing new ever comes. */
  readonly isFile: boolean;
  studies(): Promise<{ readonly studies: readonly StudyEntry[]; readonly first: string | null }>;
  load(study: string): Promise<StudyPicture>;
  /** Calls back with every change after `position`, until it is stopped. */
  follow(study: string, position: number, listener: Listener): () => void;
  /** Undefined where a file does not carry them. */
  details(study: string, trial: number): Promise<TrialDetails | undefined>;
  exportTrial(study: string, trial: number, folder: string): Promise<string>;
}

export interface Listener {
  readonly onChange: (change: StudyChange) => void;
  readonly onPassing: (passing: Passing) => void;
  readonly onLine: (isOpen: boolean) => void;
}

/** A study as it is sent. */
export interface SentStudy {
  readonly head: StudyHead;
  readonly change: StudyChange;
}

/** What a report file carries. */
export interface FileData {
  readonly studies: readonly (SentStudy & { readonly details: readonly TrialDetails[] })[];
  readonly madeAt: number;
}

const pictureOf = ({ head, change }: SentStudy): StudyPicture => ({
  head,
  rows: unpackRows(change.trials),
  replicates: change.replicates,
  live: change.live,
  position: change.position,
});

export function openSource(): Source {
  const data = document.getElementById('data');
  return data ? fileSource(JSON.parse(data.textContent) as FileData) : serverSource();
}

function fileSource({ studies }: FileData): Source {
  const of = (name: string) => studies.find(({ head }) => head.name === name);
  return {
    isFile: true,
    studies: async () => ({
      studies: studies.map(({ head }) => ({ name: head.name, createdAt: head.createdAt, live: false })),
      first: studies[0]?.head.name ?? null,
    }),
    async load(name) {
      const study = of(name);
      if (!study) throw new Error(`this report has no study "${name}".`);
      return pictureOf(study);
    },
    follow: () => () => undefined,
    details: async (name, trial) => of(name)?.details.find(({ number }) => number === trial),
    exportTrial: () => Promise.reject(new Error('a report file cannot export; copy the command instead.')),
  };
}

function serverSource(): Source {
  const pathOf = (study: string) => `/api/studies/${encodeURIComponent(study)}`;
  return {
    isFile: false,
    studies: () => ask('/api/studies'),
    load: async (study) => pictureOf(await ask<SentStudy>(pathOf(study))),
    follow(study, position, { onChange, onPassing, onLine }) {
      const stream = new EventSource(`${pathOf(study)}/changes?from=${position}`);
      stream.addEventListener('change', (event) => onChange(JSON.parse(event.data as string) as StudyChange));
      stream.addEventListener('passing', (event) => onPassing(JSON.parse(event.data as string) as Passing));
      stream.addEventListener('open', () => onLine(true));
      stream.addEventListener('error', () => onLine(false));
      return () => stream.close();
    },
    details: (study, trial) => ask(`${pathOf(study)}/trials/${trial}`),
    async exportTrial(study, trial, folder) {
      const token = document.querySelector<HTMLMetaElement>('meta[name="nas-token"]')?.content ?? '';
      const { message } = await ask<{ readonly message: string }>(`${pathOf(study)}/trials/${trial}/export`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-nas-token': token },
        body: JSON.stringify({ folder }),
      });
      return message;
    },
  };
}

async function ask<T>(path: string, init: RequestInit = {}): Promise<T> {
  const response = await fetch(path, init);
  const answer = (await response.json()) as T & { readonly message?: string };
  if (!response.ok) throw new Error(answer.message ?? response.statusText);
  return answer;
}
