import type { ControllerDefinition } from '../core/controller.ts';
import { NasError, pick } from '../core/errors.ts';
import { controllers } from '../search/controllers/index.ts';
import type { Space } from '../search/space/space.ts';

/** The controller of that name, for a space that it can search. Throws NasError: UNKNOWN_CONTROLLER, CONTROLLER_SPACE. */
export function controllerFor(name: string, space: Space): ControllerDefinition<Space> {
  const definition = pick('controller', controllers, name);
  const reason = definition.refuse?.(space);
  if (reason === undefined) return definition;
  throw new NasError('CONTROLLER_SPACE', `controller "${name}" does not fit this space: it ${reason}.`, {
    facts: { controller: name, reason },
  });
}
