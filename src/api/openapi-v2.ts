import { isJsonObject, type JsonObject, type JsonValue } from '../model/json.js';

/**
 * OpenAPI v2 (swagger): the documents of OpenAPI v3, in one and in older words, for the clients that know nothing newer
 * (Terraform's provider, generators). kubectl gets a document in protobuf that says nothing, because it needs none.
 */

/** Swagger "2.0" without paths and definitions, which makes kubectl's own messages right. */
export const emptyProtobuf = Buffer.from('0a03322e3042004a00', 'hex');
/** With a dot where kubectl asks for an `@`: Go's parser of media types fails on the `@`. */
export const protobufContentType = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';

/** What v3 has words for and v2 has not; definitions of Kubernetes leave it out as well. */
const newerWords = new Set(['oneOf', 'anyOf', 'nullable']);

/** One swagger document of all v3 documents. Pure. */
export function buildSwagger(documents: Iterable<string>, version: string): JsonObject {
  const paths: JsonObject = {};
  const definitions: JsonObject = {};
  for (const text of documents) {
    const document = JSON.parse(text) as { paths: Record<string, JsonObject>; components: { schemas: JsonObject } };
    for (const [path, item] of Object.entries(document.paths)) paths[path] = swaggerItem(item);
    for (const [name, schema] of Object.entries(document.components.schemas)) definitions[name] = swaggerSchema(schema);
  }
  return {
    swagger: '2.0',
    info: { title: 'orch', version },
    paths,
    definitions,
    securityDefinitions: { BearerToken: { type: 'apiKey', name: 'authorization', in: 'header' } },
    security: [{ BearerToken: [] }],
  };
}

function swaggerItem(item: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(item).map(([method, operation]) => [
      method,
      isJsonObject(operation) ? swaggerOperation(operation) : operation,
    ]),
  );
}

function swaggerOperation({ requestBody, responses, parameters, ...rest }: JsonObject): JsonObject {
  const own = Array.isArray(parameters) ? parameters.filter(isJsonObject) : [];
  const sent = contentOf(requestBody);
  const answered = isJsonObject(responses) ? Object.entries(responses) : [];
  return {
    ...rest,
    ...(sent ? { consumes: Object.keys(sent) } : {}),
    produces: ['application/json'],
    parameters: [
      ...own.map(({ schema, ...parameter }) => ({ ...parameter, ...(isJsonObject(schema) ? schema : {}) })),
      ...(sent ? [{ name: 'body', in: 'body', required: true, schema: schemaOf(sent) }] : []),
    ],
    responses: Object.fromEntries(
      answered.map(([code, response]) => [code, { description: 'OK', schema: schemaOf(contentOf(response) ?? {}) }]),
    ),
  };
}

function contentOf(value: JsonValue | undefined): JsonObject | undefined {
  const content = isJsonObject(value) ? value['content'] : undefined;
  return isJsonObject(content) ? content : undefined;
}

/** Every media type of a body has the same schema. */
function schemaOf(content: JsonObject): JsonValue {
  const [first] = Object.values(content);
  return isJsonObject(first) ? swaggerSchema(first['schema'] ?? {}) : {};
}

function swaggerSchema(schema: JsonValue): JsonValue {
  if (Array.isArray(schema)) return schema.map(swaggerSchema);
  if (!isJsonObject(schema)) return schema;
  const converted: JsonObject = {};
  for (const [word, value] of Object.entries(schema)) {
    if (newerWords.has(word)) continue;
    if (word === '$ref' && typeof value === 'string') {
      converted['$ref'] = value.replace('#/components/schemas/', '#/definitions/');
    } else if (word === 'allOf' && Array.isArray(value) && value.length === 1 && isJsonObject(value[0])) {
      Object.assign(converted, swaggerSchema(value[0])); // in v2 a description may stand beside $ref
    } else if (word === 'example' || word === 'default' || word === 'enum') {
      converted[word] = value;
    } else if (word === 'properties' && isJsonObject(value)) {
      // Here words are names of fields, "nullable" too.
      converted[word] = Object.fromEntries(Object.entries(value).map(([name, field]) => [name, swaggerSchema(field)]));
    } else {
      converted[word] = swaggerSchema(value);
    }
  }
  return converted;
}
