import type { Controller, ControllerContext, ControllerDefinition } from '../../core/controller.ts';
import { NasError, pick } from '../../core/errors.ts';
import type { Problem } from '../../search/bench/problem.ts';
import { controllers } from '../../search/controllers/index.ts';
import type { Space } from '../../search/space/space.ts';
import { isControllerFile } from '../controller.ts';
import { note } from '../output.ts';
import { openUserController } from '../user-controller/remote.ts';

/** Who searches in a bench. */
export interface Contender {
  readonly name: string;
  /** Why it cannot search the problem; undefined where it can. Throws NasError as `open` does. */
  refusal(problem: Problem): Promise<string | undefined>;
  open(problem: Problem, context: ControllerContext<Space>): Promise<OpenController>;
}

/** `close`: where it holds something beside memory. */
export type OpenController = Controller & { close?(): Promise<void> };

export const shippedContenders = (): Contender[] => controllers.map(shippedContender);

/** A shipped controller by its name, or the one of a user's own file. Throws NasError UNKNOWN_CONTROLLER. */
export const contenderOf = (name: string): Contender =>
  isControllerFile(name) ? ownContender(name) : shippedContender(pick('controller', controllers, name));

export const shippedContender = (definition: ControllerDefinition<Space>): Contender => ({
  name: definition.name,
  refusal: async ({ space }) => definition.refuse?.(space),
  open: async (_, context) => definition.create(context),
});

/** In a thread of its own, as in a search: one that never answers ends with an error. */
function ownContender(file: string): Contender {
  const open = ({ name }: Problem, context: ControllerContext<Space>) =>
    openUserController({ file, subject: { kind: 'problem', name }, context: { say: note, ...context } });
  return {
    name: file,
    open,
    async refusal(problem) {
      const { space, goal, keyOf } = problem;
      try {
        await (await open(problem, { space, goal, keyOf, seed: 'refusal' })).close();
        return undefined;
      } catch (error) {
        const { code, facts } = error as NasError;
        if (error instanceof NasError && code === 'CONTROLLER_SPACE') return facts['reason'] as string;
        throw error;
      }
    },
  };
}
