import type { Controller, ControllerDefinition } from '../../core/controller.ts';
import { exitCodes, NasError } from '../../core/errors.ts';

/**
 * A user's controller, each of whose calls is over when it returns. A promise is refused: what it does later would depend on
 * time, and it passes to no other thread. What `asked`, `tell` and `restore` return is dropped; `guarded` looks at what `ask` does.
 */
export const atOnce = <S>(file: string, create: ControllerDefinition<S>['create']): ControllerDefinition<S>['create'] => {
  const over = <T>(method: string, value: T): T => {
    if (value instanceof Promise) throw promised(file, method);
    return value;
  };
  return (context) => {
    const controller = over('create', create(context));
    const { stateVersion } = controller;
    return {
      ...(stateVersion === undefined ? {} : { stateVersion }),
      ask: (trial) => controller.ask(trial),
      asked(trial, candidate) {
        over('asked', controller.asked(trial, candidate));
      },
      tell(result) {
        over('tell', controller.tell(result));
      },
      save: () => over('save', controller.save()),
      restore(state) {
        over('restore', controller.restore(state));
      },
    } satisfies Controller;
  };
};

const promised = (file: string, method: string) =>
  new NasError(
    'CONTROLLER_ANSWER',
    `controller "${file}" answered ${method} with a promise; ${method} must be over when it returns. This is a defect of the controller.`,
    { facts: { controller: file, method }, exitCode: exitCodes.failure },
  );
