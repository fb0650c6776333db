/** Borderless tables, never wider than the terminal. */
import { cut, pad, plain, widthOf } from './text.ts';

export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => string;
  /** May be cut down to so many columns; without it the column keeps its width: an id is of no use in part. */
  readonly least?: number;
  /** Left out where the others would not fit: of several the one with the lowest number first. */
  readonly spare?: number;
  /** Colours a cell that is laid out already. */
  readonly paint?: (text: string, row: Row) => string;
}

const GAP = 2;

const totalOf = (widths: readonly number[]): number =>
  widths.reduce((sum, width) => sum + width, 0) + GAP * Math.max(0, widths.length - 1);

/** Cuts the widest of the columns that may be cut, one column at a time. */
const shrink = (widths: readonly number[], least: readonly number[], available: number): number[] => {
  const fitted = [...widths];
  while (totalOf(fitted) > available) {
    let widest = -1;
    for (const [index, width] of fitted.entries()) {
      if (width > (least[index] ?? 0) && width > (fitted[widest] ?? 0)) widest = index;
    }
    if (widest < 0) break;
    fitted[widest] = (fitted[widest] ?? 0) - 1;
  }
  return fitted;
};

interface Layout<Row> {
  readonly columns: readonly Column<Row>[];
  readonly widths: readonly number[];
}

const rankOf = <Row>({ spare }: Column<Row>): number => spare ?? Number.POSITIVE_INFINITY;

const layOut = <Row>(columns: readonly Column<Row>[], rows: readonly Row[], available: number): Layout<Row> => {
  const natural = columns.map(({ title, value }) =>
    rows.reduce((width, row) => Math.max(width, widthOf(plain(value(row)))), widthOf(title)),
  );
  const least = columns.map((column, index) => Math.min(column.least ?? Number.POSITIVE_INFINITY, natural[index] ?? 0));
  const widths = shrink(natural, least, available);
  const [spare] = columns.filter((column) => column.spare !== undefined).toSorted((a, b) => rankOf(a) - rankOf(b));
  if (totalOf(widths) <= available || spare === undefined) return { columns, widths };
  return layOut(
    columns.filter((column) => column !== spare),
    rows,
    available,
  );
};

/**
 * Columns without titles make a table without a line for them.
 *
 * @param available columns of the terminal; undefined cuts nothing.
 * @param paintTitle colours a line of titles that is laid out already.
 */
export const table = <Row>(
  all: readonly Column<Row>[],
  rows: readonly Row[],
  available: number | undefined,
  paintTitle: (text: string) => string = (text) => text,
): string => {
  const limit = available ?? Number.POSITIVE_INFINITY;
  const { columns, widths } = layOut(all, rows, limit);
  const line = (cells: readonly string[], paint: (index: number, text: string) => string): string => {
    let left = limit;
    const parts: string[] = [];
    for (const [index, cell] of cells.entries()) {
      const isLast = index === cells.length - 1;
      const text = cut(plain(cell), Math.min(widths[index] ?? 0, left));
      const padded = isLast ? text : pad(text, Math.min((widths[index] ?? 0) + GAP, left));
      left -= widthOf(padded);
      parts.push(paint(index, text) + padded.slice(text.length));
    }
    return parts.join('').trimEnd();
  };
  const titles = line(
    columns.map(({ title }) => title),
    (_, text) => paintTitle(text),
  );
  const body = rows.map((row) =>
    line(
      columns.map(({ value }) => value(row)),
      (index, text) => columns[index]?.paint?.(text, row) ?? text,
    ),
  );
  const isTitled = columns.some(({ title }) => title !== '');
  return [...(isTitled ? [titles] : []), ...body].map((each) => `${each}\n`).join('');
};
