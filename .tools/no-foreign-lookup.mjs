import ts from 'typescript';

/**
 * Refuses to look into a plain object by a word that is not known when the program is written: `object[word]`, `const { [word]: x }` and
 * `word in object` also find what every object inherits ("constructor", "toString"). own(object, word) of support/own.ts does not. Arrays by
 * number, and keys of a union of literals, are known; writing is not looked up.
 */
export const noForeignLookup = {
  meta: {
    type: 'problem',
    schema: [],
    messages: {
      index: 'Look a word up with own(object, word) of support/own.ts, or in a Map: an index also finds "constructor".',
      in: 'Ask with Object.hasOwn(object, word), or a Map: "in" is also true of "constructor".',
    },
  },
  create(context) {
    const { esTreeNodeToTSNodeMap, program } = context.sourceCode.parserServices;
    const checker = program.getTypeChecker();
    const isForeign = (node) => {
      const type = checker.getTypeAtLocation(esTreeNodeToTSNodeMap.get(node));
      const { String, TemplateLiteral, Any, Unknown } = ts.TypeFlags;
      return (type.isUnion() ? type.types : [type]).some(
        ({ flags }) => (flags & (String | TemplateLiteral | Any | Unknown)) !== 0,
      );
    };
    return {
      MemberExpression(node) {
        if (!node.computed || node.property.type === 'Literal') return;
        const { parent } = node;
        if (parent.type === 'AssignmentExpression' && parent.left === node && parent.operator === '=') return;
        if (parent.type === 'UnaryExpression' && parent.operator === 'delete') return;
        if (isForeign(node.property)) context.report({ node, messageId: 'index' });
      },
      'ObjectPattern > Property[computed=true]'(node) {
        // Only to have the rest without it.
        const isLeftOut = node.value.type === 'Identifier' && node.value.name.startsWith('_');
        if (!isLeftOut && isForeign(node.key)) context.report({ node, messageId: 'index' });
      },
      "BinaryExpression[operator='in']"(node) {
        const { left } = node;
        if (left.type !== 'Literal' && left.type !== 'PrivateIdentifier' && isForeign(left)) {
          context.report({ node, messageId: 'in' });
        }
      },
    };
  },
};
