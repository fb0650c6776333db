/**
 * Which types of a column readers take for which: a file may hold a narrower number than the table says. Pure.
 *
 * Source of what may widen: Athena user guide, "Change a column data type": whole numbers up to bigint, float to double. Parts of
 * nested types follow the same rules, fields by their names.
 */

type Type =
  | { readonly kind: 'plain'; readonly name: string }
  | { readonly kind: 'decimal'; readonly precision: number; readonly scale: number }
  | { readonly kind: 'array'; readonly of: Type }
  | { readonly kind: 'map'; readonly key: Type; readonly value: Type }
  | { readonly kind: 'struct'; readonly fields: readonly (readonly [name: string, type: Type])[] };

const INTEGERS = ['tinyint', 'smallint', 'int', 'bigint'];
const FLOATS = ['float', 'double'];

/** Inside `<…>`, at the outer level only. */
const partsOf = (text: string): string[] => {
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at] ?? '';
    if ('<('.includes(char)) depth += 1;
    if ('>)'.includes(char)) depth -= 1;
    if (char === ',' && depth === 0) {
      parts.push(text.slice(from, at));
      from = at + 1;
    }
  }
  return [...parts, text.slice(from)];
};

/** What is no type that we know stands for itself, and equals nothing else. */
const parse = (text: string): Type => {
  const trimmed = text.trim();
  const [, outer = '', inner = ''] = /^(array|map|struct)\s*<(.*)>$/is.exec(trimmed) ?? [];
  switch (outer.toLowerCase()) {
    case 'array':
      return { kind: 'array', of: parse(inner) };
    case 'map': {
      const [key = '', ...value] = partsOf(inner);
      return { kind: 'map', key: parse(key), value: parse(value.join(',')) };
    }
    case 'struct':
      return {
        kind: 'struct',
        fields: partsOf(inner).map((field) => {
          const colon = field.indexOf(':');
          return [field.slice(0, colon).trim().toLowerCase(), parse(field.slice(colon + 1))] as const;
        }),
      };
    default: {
      const name = trimmed.toLowerCase().replaceAll(/\s/g, '');
      const [, precision, scale] = /^decimal\((\d+)(?:,(\d+))?\)$/.exec(name) ?? [];
      if (precision !== undefined) return { kind: 'decimal', precision: Number(precision), scale: Number(scale ?? 0) };
      return { kind: 'plain', name: name === 'integer' ? 'int' : name };
    }
  }
};

const write = (type: Type): string => {
  switch (type.kind) {
    case 'plain':
      return type.name;
    case 'decimal':
      return `decimal(${String(type.precision)},${String(type.scale)})`;
    case 'array':
      return `array<${write(type.of)}>`;
    case 'map':
      return `map<${write(type.key)},${write(type.value)}>`;
    case 'struct':
      return `struct<${type.fields.map(([name, field]) => `${name}:${write(field)}`).join(',')}>`;
  }
};

/**
 * The text of a type with its plain parts in other words; `undefined` where one has none.
 * @param plain is given each in lower case and without spaces.
 */
export const writeWith = (text: string, plain: (name: string) => string | undefined): string | undefined => {
  const names = (type: Type): Type | undefined => {
    switch (type.kind) {
      case 'plain':
      case 'decimal': {
        const name = plain(write(type));
        return name === undefined ? undefined : { kind: 'plain', name };
      }
      case 'array': {
        const of = names(type.of);
        return of === undefined ? undefined : { kind: 'array', of };
      }
      case 'map': {
        const [key, value] = [names(type.key), names(type.value)];
        return key === undefined || value === undefined ? undefined : { kind: 'map', key, value };
      }
      case 'struct': {
        const fields: [string, Type][] = [];
        for (const [name, of] of type.fields) {
          const inner = names(of);
          if (inner === undefined || !/^[\p{L}\p{N}_.$]+$/u.test(name)) return undefined;
          fields.push([name, inner]);
        }
        return { kind: 'struct', fields };
      }
    }
  };
  const named = names(parse(text));
  return named === undefined ? undefined : write(named);
};

const wider = (ladder: readonly string[], a: string, b: string): string | undefined =>
  ladder.includes(a) && ladder.includes(b) ? ladder[Math.max(ladder.indexOf(a), ladder.indexOf(b))] : undefined;

const join = (a: Type, b: Type): Type | undefined => {
  if (a.kind === 'plain' && b.kind === 'plain') {
    const name = a.name === b.name ? a.name : (wider(INTEGERS, a.name, b.name) ?? wider(FLOATS, a.name, b.name));
    return name === undefined ? undefined : { kind: 'plain', name };
  }
  if (a.kind === 'decimal' && b.kind === 'decimal') {
    return a.scale === b.scale ? { ...a, precision: Math.max(a.precision, b.precision) } : undefined;
  }
  if (a.kind === 'array' && b.kind === 'array') {
    const of = join(a.of, b.of);
    return of === undefined ? undefined : { kind: 'array', of };
  }
  if (a.kind === 'map' && b.kind === 'map') {
    const [key, value] = [join(a.key, b.key), join(a.value, b.value)];
    return key === undefined || value === undefined ? undefined : { kind: 'map', key, value };
  }
  return a.kind === 'struct' && b.kind === 'struct' ? joinFields(a.fields, b.fields) : undefined;
};

type Fields = Extract<Type, { kind: 'struct' }>['fields'];

const joinFields = (a: Fields, b: Fields): Type | undefined => {
  const joined = new Map(a);
  for (const [name, type] of b) {
    const known = joined.get(name);
    const both = known === undefined ? type : join(known, type);
    if (both === undefined) return undefined;
    joined.set(name, both);
  }
  return { kind: 'struct', fields: [...joined] };
};

/** The type by which readers find the values of both; `undefined` where there is none. */
export const joinTypes = (a: string, b: string): string | undefined => {
  const joined = join(parse(a), parse(b));
  return joined === undefined ? undefined : write(joined);
};

export const sameType = (a: string, b: string): boolean => write(parse(a)) === write(parse(b));

const TEXT = /^(?:string|(?:var)?char\(\d+\))$/;

/**
 * Whether readers who take a column for `table` find the values of a file that holds `file`. Texts are texts, however long, and
 * older writers do not mark theirs.
 */
export const fitsColumn = (table: string, file: string): boolean => {
  const [wanted, found] = [write(parse(table)), write(parse(file))];
  if (TEXT.test(wanted) && (TEXT.test(found) || found === 'binary')) return true;
  if (wanted === 'binary' && TEXT.test(found)) return true;
  return joinTypes(wanted, found) === wanted;
};
