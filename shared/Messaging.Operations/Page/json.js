// Shows JSON as it was written. Whoever parses and writes it again loses what may be the fault: a property that is there twice, digits of
// a number that are too many for a JavaScript number, the zero of 1.10.

/** Deeper, the spaces would be more than the text. */
const deepest = 100;

const token = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],:]|[^\s{}[\],:"]+/g;

/** Lines and spaces between the tokens, which stay as they are. What is no JSON, or too deep to be read, comes back unchanged. */
export function indent(text) {
  try {
    JSON.parse(text);
  } catch {
    return text;
  }
  const tokens = text.match(token);
  const parts = [];
  let depth = 0;
  const line = () => parts.push('\n', '  '.repeat(depth));
  for (const [index, now] of tokens.entries()) {
    if ('{['.includes(now)) {
      parts.push(now);
      if (++depth > deepest) return text;
      if (!'}]'.includes(tokens[index + 1])) line();
    } else if ('}]'.includes(now)) {
      depth--;
      if (!'{['.includes(tokens[index - 1])) line();
      parts.push(now);
    } else {
      parts.push(now, now === ':' ? ' ' : '');
      if (now === ',') line();
    }
  }
  return parts.join('');
}
