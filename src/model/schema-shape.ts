import deploymentSchema from '../../schemas/deployment.schema.json' with { type: 'json' };
import objectMetaSchema from '../../schemas/object-meta.schema.json' with { type: 'json' };
import podSchema from '../../schemas/pod.schema.json' with { type: 'json' };
import taskEventSchema from '../../schemas/task-event.schema.json' with { type: 'json' };
import taskSchema from '../../schemas/task.schema.json' with { type: 'json' };
import { own } from '../support/own.js';
import { isJsonObject, type JsonObject, type JsonValue } from './json.js';

/** The schemas that others refer to, by file. */
const schemasByFile: Readonly<Record<string, JsonObject>> = {
  'deployment.schema.json': deploymentSchema,
  'object-meta.schema.json': objectMetaSchema,
  'pod.schema.json': podSchema,
  'task-event.schema.json': taskEventSchema,
  'task.schema.json': taskSchema,
};

const shapes = new WeakMap<JsonObject, Shape>();

/** What a schema says of a document, to walk along with one. Made once for each schema. Pure. */
export function shapeOf(schema: JsonObject): Shape {
  return shapeAt(schema, schema);
}

/** The shape of a schema's definition. Throws when there is none of this name. */
export function shapeOfDefinition(schema: JsonObject, name: string): Shape {
  return shapeAt({ $ref: `#/definitions/${name}` }, schema);
}

/** One place of a schema. What it leads to is looked up when somebody goes there, as few documents go everywhere. */
export class Shape {
  private readonly members = new Map<string, Shape | undefined>();
  private readonly pattern: RegExp | undefined;
  private itemShape: Shape | undefined;
  private valueShape: Shape | undefined;

  constructor(
    readonly schema: JsonObject,
    private readonly root: JsonObject,
  ) {
    const { pattern } = schema;
    this.pattern = typeof pattern === 'string' ? new RegExp(pattern, 'u') : undefined;
  }

  get default(): JsonValue | undefined {
    return this.schema['default'];
  }

  /** The definition's name, where it has one. */
  get title(): JsonValue | undefined {
    return this.schema['title'];
  }

  /** A field that the schema names. */
  member(name: string): Shape | undefined {
    if (!this.members.has(name)) this.members.set(name, this.at(propertyOf(this.schema['properties'], name)));
    return this.members.get(name);
  }

  /** What may stand under keys that the schema does not name: of a map such as labels. */
  get values(): Shape | undefined {
    return (this.valueShape ??= this.at(this.schema['additionalProperties']));
  }

  get items(): Shape | undefined {
    return (this.itemShape ??= this.at(this.schema['items']));
  }

  requires(name: string): boolean {
    const { required } = this.schema;
    return Array.isArray(required) && required.includes(name);
  }

  /** Whether the empty text may stand here. */
  takesEmptyText(): boolean {
    const { enum: allowed, format, minLength } = this.schema;
    if (Array.isArray(allowed)) return allowed.includes('');
    return format === undefined && minLength === undefined && this.pattern?.test('') !== false;
  }

  private at(schema: JsonValue | undefined): Shape | undefined {
    return isJsonObject(schema) ? shapeAt(schema, this.root) : undefined;
  }
}

function shapeAt(schema: JsonObject, root: JsonObject): Shape {
  const place = resolve(schema, root);
  const known = shapes.get(place.schema);
  if (known) return known;
  const shape = new Shape(place.schema, place.root);
  shapes.set(place.schema, shape);
  return shape;
}

function resolve(schema: JsonObject, root: JsonObject): { schema: JsonObject; root: JsonObject } {
  const reference = schema['$ref'];
  if (typeof reference !== 'string') return { schema, root };
  const [file = '', pointer = ''] = reference.split('#');
  const target = file === '' ? root : own(schemasByFile, file);
  const found = pointer.split('/').filter(Boolean).reduce<JsonValue | undefined>(propertyOf, target);
  if (target === undefined || !isJsonObject(found)) throw new Error(`the schemas have nothing at ${reference}`);
  return resolve(found, target);
}

function propertyOf(object: JsonValue | undefined, name: string): JsonValue | undefined {
  return isJsonObject(object) ? own(object, name) : undefined;
}
