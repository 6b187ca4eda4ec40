import type { Command } from 'commander';
import type { Deployment } from '../model/deployment.js';
import { deploymentKind } from '../model/deployment.js';
import type { JsonValue } from '../model/json.js';
import type { Kind } from '../model/kind.js';
import type { Stored } from '../model/api-object.js';
import { taskKind, type Task } from '../model/task.js';
import { OrchError } from '../support/errors.js';
import { addObjectFlags, changeObjects, type Change, type ObjectFlags } from './change-objects.js';
import type { Cli } from './cli.js';

export function defineSet(command: Command, cli: Cli): void {
  addObjectFlags(command.argument('<what...>', 'image, then KIND NAME or KIND/NAME, then CONTAINER=IMAGE'))
    .usage('image <kind/name> <container=image> [options]')
    .addHelpText(
      'after',
      `
CONTAINER may be *: a task and a template have one container here.

Examples:
  orch set image deployment/web web=nginx:1.27
  orch set image task/web '*=busybox:1.36'`,
    );
  cli.run<ObjectFlags>(command, async ([what, ...words], options) => {
    if (what !== 'image') throw new OrchError('BadRequest', `orch set ${what ?? ''}: only the image can be set`);
    const pairs = words.filter((word) => word.includes('='));
    const [pair = '', ...more] = pairs;
    const container = pair.slice(0, pair.indexOf('='));
    const image = pair.slice(pair.indexOf('=') + 1);
    if (more.length > 0 || container === '' || image === '') {
      throw new OrchError('BadRequest', 'which image? Write CONTAINER=IMAGE once, like web=nginx:1.27');
    }
    const objects = words.filter((word) => !word.includes('='));
    return changeObjects(cli, objects, options, (target) => Promise.resolve(imageChange(target, container, image)));
  });
}

function imageChange({ kind, object }: { kind: Kind; object: Stored }, container: string, image: string): Change {
  const change = (present: string | undefined, patch: Change['patch']): Change =>
    present === image ? { said: 'has this image already' } : { ...(patch && { patch }), said: 'image updated' };
  if (kind === taskKind) {
    const { metadata, spec } = object as Task;
    if (container !== '*' && container !== metadata.name) throw noContainer(container, [metadata.name ?? '']);
    return change(spec.image, { spec: { image } });
  }
  if (kind !== deploymentKind) throw new OrchError('BadRequest', `a ${kind.singular} has no image`);
  const { containers } = (object as unknown as Deployment).spec.template.spec;
  const wanted = containers.filter(({ name }) => container === '*' || name === container);
  if (wanted.length === 0)
    throw noContainer(
      container,
      containers.map(({ name }) => name),
    );
  const changed = containers.map((each) => (wanted.includes(each) ? { ...each, image } : each));
  // The list goes as a whole: a merge patch knows no items.
  const present = wanted.every((each) => each.image === image) ? image : undefined;
  return change(present, { spec: { template: { spec: { containers: changed as unknown as JsonValue } } } });
}

function noContainer(name: string, known: readonly string[]): OrchError {
  return new OrchError('BadRequest', `there is no container "${name}": known are ${known.join(', ')}`);
}
