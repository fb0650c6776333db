/** How a table is shown in Glue: keys of a table in `branchline.yaml`. */
import * as z from 'zod';
import { PUBLISHERS, SPARK_SCHEMES, TABLE_FORMATS } from '../../lambdas/contract.ts';

/** Source: Athena user guide, "Name databases, tables, and columns": lower-case letters, digits and `_`. */
const glueName = z.string().regex(/^[a-z0-9_]{1,255}$/, 'at most 255 lower-case letters, digits and _');

/** Glue takes any text for a type and readers fail on it later. Source: Athena user guide, "Data types in Amazon Athena". */
const glueType = z
  .string()
  .regex(
    /^(?:boolean|tinyint|smallint|int|integer|bigint|double|float|string|binary|date|timestamp|(?:decimal|char|varchar)\([\d, ]+\)|(?:array|map|struct)<.+>)$/,
    'a type of Glue such as bigint, decimal(10,2), timestamp, array<string>',
  );

const target = z
  .string()
  .regex(/^\w[-\w]*$/, 'letters, digits, _ and -, not first a -')
  .optional()
  .describe('Target whose commits the table shows. By default the repository’s first target.');

const publish = z
  .enum(PUBLISHERS)
  .optional()
  .describe(
    'How readers see the table: `iceberg`, `symlink`, or `both`, where the symlink table’s name ends in `_symlink`. By default `both` for Parquet, `symlink` for other formats.',
  );

const sparkTable = z
  .union(
    [
      z.boolean(),
      z.strictObject({
        scheme: z
          .enum(SPARK_SCHEMES)
          .default('lakefs')
          .describe('How its locations begin: `lakefs` for lakeFS’s own file system, `s3a` for its S3 gateway.'),
        pin: z
          .boolean()
          .default(false)
          .describe('Partitions lie at the commit that the table shows, not at the head of the target.'),
      }),
    ],
    `true, false, or { scheme: ${SPARK_SCHEMES.join(' or ')}, pin: true or false }`,
  )
  .default(false)
  .describe(
    'Whether Spark finds the table in Glue too, under the name with `_spark` behind: Spark cannot read Parquet through symlinks. `true` is `scheme: lakefs`.',
  );

const history = z
  .string()
  .regex(/^(\d{1,6})(s|m|h|d)$/, 'a whole number and s, m, h or d, such as 7d')
  .optional()
  .describe(
    'How long an earlier state of an Iceberg table can be read after another took its place. By default 7d, or a day less than garbageCollection keeps objects of the target, if that is less.',
  );

const format = z.enum(TABLE_FORMATS).default('parquet').describe('Format of the files.');

export const publicationKeys = {
  database: glueName
    .optional()
    .describe('Glue database that shows the table. Made where it is missing. Without it the table is not published.'),
  tableName: glueName
    .optional()
    .describe(
      'Name of the table in Glue. By default the name here, in lower case, with _ for what Glue does not take.',
    ),
  target,
  publish,
  sparkTable,
  history,
  format,
  columns: z
    .record(glueName, glueType)
    .default({})
    .describe(
      'Columns in the order that readers see, each with its type as Glue writes it; without partition columns. Left out, those of Parquet files are read off the files.',
    ),
  partitionTypes: z
    .record(z.string().min(1), glueType)
    .default({})
    .describe('Types of partition columns that are not `string`.'),
};

/** Tables that the repository itself describes, by files in `_lakefs_tables/`. */
export const descriptorSchema = z
  .strictObject({
    database: glueName.describe('Glue database that shows the described tables. Made where it is missing.'),
    target,
    format,
    publish,
    sparkTable,
    history,
  })
  .optional()
  .describe(
    'Show the tables that files in `_lakefs_tables/` of the repository describe. Without it they are not read.',
  );
