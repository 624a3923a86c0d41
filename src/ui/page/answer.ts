import { headlineOf, suggestionsFor } from '../../report/study/suggestions.ts';
import { fill, h } from './dom.ts';
import type { PageStore } from './store.ts';

/** The first thing to read: what the study has come to, and by which trial. */
export function answerLine(store: PageStore): HTMLElement {
  const line = h('p', { class: 'answer' });
  let drawn: unknown;
  store.subscribe(({ study }) => {
    if (!study || study === drawn) return;
    drawn = study;
    const [best] = suggestionsFor(study.picture.head, study.analysis);
    line.hidden = best === undefined;
    if (!best) return;
    const { number } = best.trial;
    const show = () => store.look({ selected: number });
    fill(
      line,
      h('strong', {}, headlineOf(best.trial, study.analysis.baseline)),
      h('span', { class: 'muted' }, `, ${best.rules[0]!.summary}: `),
      h('button', { class: 'link', onclick: show }, `trial ${number}`),
    );
  });
  return line;
}
