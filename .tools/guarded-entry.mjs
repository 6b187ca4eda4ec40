const listens = new Set([
  ...['on', 'once', 'addListener', 'prependListener', 'prependOnceListener', 'addEventListener'],
]);
/** Events that bring something made elsewhere: a throw in their handler has nobody above it. */
const brings = new Set([
  ...['message', 'data', 'readable', 'upgrade', 'request', 'response', 'connection', 'secureConnection'],
  ...['checkContinue', 'checkExpectation', 'information', 'unexpected-response', 'entry', 'line'],
]);

/**
 * Refuses a handler of what comes from outside that is not made by guarded() of support/guarded.ts: what it throws would end the
 * process. Events that bring nothing ("close", "drain") are left alone.
 */
export const guardedEntry = {
  meta: {
    type: 'problem',
    schema: [],
    messages: { guard: 'Wrap what takes a "{{event}}" in guarded() of support/guarded.ts.' },
  },
  create(context) {
    const isGuarded = (node) => node?.type === 'CallExpression' && node.callee.name === 'guarded';
    return {
      CallExpression(node) {
        const [first, handler] = node.arguments;
        if (node.callee.type !== 'MemberExpression' || !listens.has(node.callee.property.name)) return;
        if (first?.type !== 'Literal' || !brings.has(first.value) || isGuarded(handler)) return;
        context.report({ node, messageId: 'guard', data: { event: first.value } });
      },
      'AssignmentExpression[left.type="MemberExpression"]'(node) {
        const event = /^on(message|data)$/.exec(node.left.property.name ?? '')?.[1];
        if (event !== undefined && !isGuarded(node.right)) {
          context.report({ node, messageId: 'guard', data: { event } });
        }
      },
    };
  },
};
