// Shows JSON as it was written. Parsing and writing it again could hide the fault: a duplicate property, a number with too many digits for
// JavaScript, the zero of 1.10.

/** At a greater depth, there would be more spaces than text. */
const deepest = 100;

const token = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],:]|[^\s{}[\],:"]+/g;

/** Adds lines and spaces between the tokens, which stay as they are. Text that is not JSON, or is nested too deeply, stays unchanged. */
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
