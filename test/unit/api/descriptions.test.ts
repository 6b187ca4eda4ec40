import SwaggerParser from '@apidevtools/swagger-parser';
import { describe, expect, it } from 'vitest';
import { servedResources } from '../../../src/api/served-resources.js';
import { aggregatedDiscovery, apiResourceList } from '../../../src/api/discovery.js';
import { toCoreEvent } from '../../../src/api/events/core-event.js';
import { buildOpenApi } from '../../../src/api/openapi.js';
import { buildSwagger, emptyProtobuf } from '../../../src/api/openapi-v2.js';
import { versionInfo } from '../../../src/api/version.js';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../src/model/json.js';
import { kinds } from '../../../src/model/kinds.js';
import type { Stored } from '../../../src/model/api-object.js';

describe('discovery', () => {
  it('lists every kind under its group, aggregated and legacy alike', () => {
    const names = (value: object): string[] =>
      (JSON.parse(JSON.stringify(value)) as { items: { versions: { resources: { resource: string }[] }[] }[] }).items
        .flatMap((group) => group.versions)
        .flatMap((version) => version.resources)
        .map((resource) => resource.resource);
    const pluralsOf = (core: boolean): string[] =>
      kinds.filter(({ group }) => (group === '') === core).map(({ plural }) => plural);
    expect(names(aggregatedDiscovery(servedResources, true, 'v2'))).toEqual(
      expect.arrayContaining([...pluralsOf(true), 'events']),
    );
    expect(names(aggregatedDiscovery(servedResources, false, 'v2'))).toEqual(expect.arrayContaining(pluralsOf(false)));
    const legacy = apiResourceList(servedResources, 'orch.dev', 'v1') as {
      resources: { name: string; verbs: string[] }[];
    };
    const listed = legacy.resources.map(({ name }) => name);
    expect(listed).toContain('tasks/status');
    expect(listed.indexOf('tasks/status')).toBeGreaterThan(listed.indexOf('tasks'));
    expect(legacy.resources.every(({ verbs }) => verbs.length > 0)).toBe(true);
  });
});

describe('OpenAPI', () => {
  const { index, documents } = buildOpenApi(servedResources, '0.1.0');
  const swaggerDocument = buildSwagger(documents.values(), '0.1.0');

  it('has a document for each group with what kubectl looks for: patch, fieldValidation, the kind', () => {
    expect(Object.keys(index['paths'] as object).slice(0, 3)).toEqual(['api/v1', 'apis/apps/v1', 'apis/orch.dev/v1']);
    for (const kind of kinds) {
      const path = kind.group === '' ? 'api/v1' : `apis/${kind.group}/v1`;
      const document = JSON.parse(documents.get(path) ?? '') as {
        paths: Record<
          string,
          { patch?: { parameters: { name: string }[]; 'x-kubernetes-group-version-kind': object } }
        >;
      };
      const patch = Object.entries(document.paths).find(([name]) => name.endsWith(`/${kind.plural}/{name}`))?.[1].patch;
      expect(patch?.parameters.map(({ name }) => name)).toContain('fieldValidation');
      expect(patch?.['x-kubernetes-group-version-kind']).toEqual({ group: kind.group, version: 'v1', kind: kind.kind });
    }
  });

  it('gives every operation an id of its own', () => {
    const ids = [...documents.values()].flatMap((text) => {
      const { paths } = JSON.parse(text) as { paths: Record<string, Record<string, { operationId: string }>> };
      return Object.values(paths).flatMap((item) => Object.values(item).map(({ operationId }) => operationId));
    });
    expect(ids).toEqual(expect.arrayContaining(['listOrchV1Task', 'patchOrchV1TaskStatus', 'getCoreV1Namespace']));
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('offers what may be done, and a patch of everything, which kubectl looks for first', () => {
    const { paths } = JSON.parse(documents.get('api/v1') ?? '') as { paths: Record<string, object> };
    const methodsOf = (path: string): string[] => Object.keys(paths[path] ?? {});
    expect(methodsOf('/api/v1/namespaces/{namespace}/services')).toEqual(['get']);
    expect(methodsOf('/api/v1/namespaces/{namespace}/services/{name}')).toEqual(['get', 'patch']);
    expect(methodsOf('/api/v1/namespaces/{namespace}/pods/{name}')).toEqual(['get', 'put', 'patch', 'delete']);
    expect(methodsOf('/api/v1/namespaces/{namespace}/pods/{name}/status')).toEqual(['get', 'put', 'patch']);
    expect(methodsOf('/api/v1/nodes/{name}/status')).toEqual(['get', 'put', 'patch']);
  });

  it('describes every field, so that explain reads as documentation', () => {
    const undescribed: string[] = [];
    for (const text of documents.values()) {
      const { schemas } = (JSON.parse(text) as { components: { schemas: Record<string, JsonObject> } }).components;
      const isDescribed = (field: JsonObject): boolean => {
        const [target] = Array.isArray(field['allOf']) ? (field['allOf'] as { $ref?: string }[]) : [];
        const name = target?.$ref?.replace('#/components/schemas/', '') ?? '';
        return field['description'] !== undefined || schemas[name]?.['description'] !== undefined;
      };
      const visit = (schema: JsonValue | undefined, path: string): void => {
        if (!isJsonObject(schema)) return;
        for (const [name, field] of Object.entries((schema['properties'] ?? {}) as Record<string, JsonObject>)) {
          const isType = name === 'apiVersion' || name === 'kind';
          if (!isType && !isDescribed(field)) undescribed.push(`${path}.${name}`);
          visit(field, `${path}.${name}`);
        }
        visit(schema['items'], `${path}[]`);
        visit(schema['additionalProperties'], `${path}{}`);
      };
      for (const [name, schema] of Object.entries(schemas)) visit(schema, name);
    }
    expect(undescribed).toEqual([]);
  });

  it('resolves every reference and uses only words of OpenAPI 3.0', () => {
    for (const text of documents.values()) {
      const document = JSON.parse(text) as { components: { schemas: Record<string, JsonValue> } };
      const { schemas } = document.components;
      const visit = (value: JsonValue, path: string): void => {
        if (Array.isArray(value)) return value.forEach((item, at) => visit(item, `${path}[${at}]`));
        if (!isJsonObject(value)) return;
        const reference = value['$ref'];
        if (typeof reference === 'string') {
          expect(Object.keys(schemas), path).toContain(reference.replace('#/components/schemas/', ''));
        }
        if (!path.endsWith('.properties') && !path.endsWith('.example') && !path.endsWith('.default')) {
          for (const word of ['const', 'definitions', '$schema', '$id', 'examples', 'propertyNames']) {
            expect(value, path).not.toHaveProperty(word);
          }
          expect(Array.isArray(value['type']), path).toBe(false);
        }
        for (const [key, member] of Object.entries(value)) {
          if (key !== 'example') visit(member, `${path}.${key}`);
        }
      };
      visit(schemas, 'schemas');
    }
  });

  it('says the same in v2, in its words only, and resolves every reference there', () => {
    const swagger = swaggerDocument as unknown as {
      swagger: string;
      paths: Record<string, Record<string, { parameters: { in: string; type?: string; schema?: JsonObject }[] }>>;
      definitions: Record<string, JsonObject>;
    };
    expect(swagger.swagger).toBe('2.0');
    for (const kind of kinds) {
      const groupVersionKind = { group: kind.group, version: kind.version, kind: kind.kind };
      const definition = Object.values(swagger.definitions).find(
        (schema) => JSON.stringify(schema['x-kubernetes-group-version-kind']) === JSON.stringify([groupVersionKind]),
      );
      expect(definition, kind.kind).toHaveProperty('properties');
    }
    const tasks = swagger.paths['/apis/orch.dev/v1/namespaces/{namespace}/tasks'];
    expect(tasks?.['post']?.parameters).toContainEqual({
      name: 'body',
      in: 'body',
      required: true,
      schema: { $ref: '#/definitions/dev.orch.task.v1.Task' },
    });
    expect(tasks?.['post']?.parameters).toContainEqual({ name: 'fieldValidation', in: 'query', type: 'string' });
    const visit = (value: JsonValue, path: string): void => {
      if (Array.isArray(value)) return value.forEach((item, at) => visit(item, `${path}[${at}]`));
      if (!isJsonObject(value)) return;
      const reference = value['$ref'];
      if (typeof reference === 'string') {
        expect(Object.keys(swagger.definitions), path).toContain(reference.replace('#/definitions/', ''));
      }
      for (const word of ['oneOf', 'anyOf', 'nullable', 'requestBody', 'content', 'components']) {
        if (!path.endsWith('.properties')) expect(value, path).not.toHaveProperty(word);
      }
      for (const [key, member] of Object.entries(value)) if (key !== 'example') visit(member, `${path}.${key}`);
    };
    visit(swagger.definitions, 'definitions');
    visit(swagger.paths, 'paths');
  });

  it('is valid by the schemas of OpenAPI itself, v3 and v2', async () => {
    type Checked = Parameters<typeof SwaggerParser.validate>[0];
    const all = [...[...documents.values()].map((text) => JSON.parse(text) as JsonObject), swaggerDocument];
    // The parser resolves references in place, so each gets a copy.
    for (const document of all) await SwaggerParser.validate(structuredClone(document) as unknown as Checked);
    const { info: _, ...untitled } = structuredClone(swaggerDocument);
    await expect(SwaggerParser.validate(untitled as unknown as Checked)).rejects.toThrow();
  });

  it('answers kubectl, which wants v2 in protobuf, with a document that says nothing', () => {
    expect(emptyProtobuf.toString('hex')).toBe('0a03322e3042004a00');
  });
});

describe('version', () => {
  it('is one that kubectl can parse', () => {
    expect(versionInfo('1.2.3').gitVersion).toBe('v1.32.4+orch.1.2.3');
    expect(versionInfo('1.2.3 (dirty)').gitVersion).toMatch(/^v1\.32\.4\+orch\.[0-9A-Za-z.-]+$/);
    expect(versionInfo('1').minor).toBe('32');
  });
});

describe('toCoreEvent', () => {
  it('keeps identity and says what happened, in core words', () => {
    const event = {
      apiVersion: 'orch.dev/v1',
      kind: 'TaskEvent',
      metadata: {
        name: 'web.1',
        namespace: 'shop',
        uid: 'e',
        resourceVersion: '9',
        creationTimestamp: '',
        generation: 1,
      },
      task: { name: 'web', namespace: 'shop', uid: 't' },
      state: 'Running',
      previousState: 'Scheduled',
      timestamp: '2026-01-01T00:00:00Z',
      lastTimestamp: '2026-01-01T00:05:00Z',
      count: 3,
      reason: 'Started',
      nodeName: 'a',
      source: 'worker/a',
    } as unknown as Stored;
    expect(toCoreEvent(event)).toEqual({
      apiVersion: 'v1',
      kind: 'Event',
      metadata: event.metadata,
      involvedObject: { apiVersion: 'orch.dev/v1', kind: 'Task', name: 'web', namespace: 'shop', uid: 't' },
      reason: 'Started',
      message: 'Scheduled -> Running',
      type: 'Normal',
      count: 3,
      firstTimestamp: '2026-01-01T00:00:00Z',
      lastTimestamp: '2026-01-01T00:05:00Z',
      source: { component: 'worker', host: 'a' },
      reportingComponent: 'worker',
      reportingInstance: 'a',
    });
  });
});
