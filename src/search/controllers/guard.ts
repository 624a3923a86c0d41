import type { Candidate } from '../../core/candidate.ts';
import type { Controller, ControllerDefinition } from '../../core/controller.ts';
import { exitCodes, NasError } from '../../core/errors.ts';
import type { Json } from '../../core/json.ts';
import { ended } from '../../core/words.ts';
import { check } from '../space/check.ts';
import type { Space } from '../space/space.ts';

/**
 * A controller of somebody else, watched: what it throws, and what it proposes outside of the space, becomes a NasError
 * (CONTROLLER_THROWS, CONTROLLER_ANSWER) before anything of it reaches the study.
 */
export function guarded(definition: ControllerDefinition<Space>): ControllerDefinition<Space> {
  const { name, summary } = definition;
  return {
    name,
    summary,
    refuse: (space) => attempt(name, 'refuse', () => definition.refuse?.(space)),
    create: (context) =>
      watch(
        name,
        context.space,
        attempt(name, 'create', () => definition.create(context)),
      ),
  };
}

function watch(name: string, space: Space, controller: Controller): Controller {
  return {
    ...(controller.stateVersion === undefined ? {} : { stateVersion: controller.stateVersion }),
    ask: (trial) => {
      const answer: unknown = attempt(name, `ask(${trial})`, () => controller.ask(trial));
      return answer === undefined ? undefined : inside(name, space, trial, answer);
    },
    asked: (trial, candidate) => attempt(name, `asked(${trial})`, () => controller.asked(trial, candidate)),
    tell: (result) => attempt(name, `tell(${result.trial})`, () => controller.tell(result)),
    save: () => attempt(name, 'save()', () => plain(name, controller.save())),
    restore: (state) => attempt(name, 'restore()', () => controller.restore(state)),
  };
}

function attempt<T>(name: string, what: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    if (error instanceof NasError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new NasError(
      'CONTROLLER_THROWS',
      `controller "${name}" threw in ${what}: ${ended(reason)} This is a defect of the controller.`,
      {
        facts: { controller: name, call: what, reason },
        exitCode: exitCodes.failure,
        cause: error,
      },
    );
  }
}

/** Makes sure that an answer is a candidate of the space; a copy, so that the controller cannot change it afterwards. */
function inside(name: string, space: Space, trial: number, answer: unknown): Candidate {
  const refuse = (reason: string): never => {
    throw new NasError(
      'CONTROLLER_ANSWER',
      `controller "${name}" answered ask(${trial}) with no candidate of the space: ${ended(reason)} This is a defect of the controller.`,
      { facts: { controller: name, trial, reason }, exitCode: exitCodes.failure },
    );
  };
  if (answer instanceof Promise) return refuse('it is a promise; ask must answer at once');
  if (typeof answer !== 'object' || answer === null) return refuse(`it is ${String(answer)}`);
  const candidate = { ...answer } as Candidate;
  try {
    check(space, candidate);
  } catch (error) {
    return refuse((error as Error).message);
  }
  return candidate;
}

/** State that survives being stored. */
function plain(name: string, state: Json): Json {
  const text = JSON.stringify(state) as string | undefined;
  if (text !== undefined) return JSON.parse(text) as Json;
  throw new NasError('CONTROLLER_ANSWER', `controller "${name}" saved ${typeof state}; save() must return JSON.`, {
    facts: { controller: name },
    exitCode: exitCodes.failure,
  });
}
