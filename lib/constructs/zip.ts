/** A zip archive of small files whose bytes follow from names and contents alone. Source: PKWARE's APPNOTE.TXT, 4.3. */
import { crc32, deflateRawSync } from 'node:zlib';

export interface ZipEntry {
  /** Path within the archive, with forward slashes. */
  readonly name: string;
  readonly content: Buffer;
}

/** Zip's times begin here: 1980-01-01, midnight. */
const DATE = 0x0021;
const TIME = 0;
const VERSION = 20;
const DEFLATED = 8;
/** Names are UTF-8. */
const FLAGS = 0x0800;
const UNIX = 3 << 8;
const REGULAR_FILE_0644 = ((0o100644 << 16) >>> 0) as number;

export const zip = (entries: readonly ZipEntry[]): Buffer => {
  const files: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, content } of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = Buffer.from(name, 'utf8');
    const packed = deflateRawSync(content, { level: 9 });
    /** What a file's own header and its entry in the directory have in common. */
    const common = Buffer.alloc(26);
    common.writeUInt16LE(VERSION, 0);
    common.writeUInt16LE(FLAGS, 2);
    common.writeUInt16LE(DEFLATED, 4);
    common.writeUInt16LE(TIME, 6);
    common.writeUInt16LE(DATE, 8);
    common.writeUInt32LE(crc32(content), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(content.length, 18);
    common.writeUInt16LE(path.length, 22);
    const local = Buffer.concat([Buffer.from('PK\u0003\u0004', 'latin1'), common, path, packed]);
    const head = Buffer.alloc(6);
    head.write('PK\u0001\u0002', 0, 'latin1');
    head.writeUInt16LE(UNIX | VERSION, 4);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(REGULAR_FILE_0644, 6);
    tail.writeUInt32LE(offset, 10);
    directory.push(Buffer.concat([head, common, tail, path]));
    files.push(local);
    offset += local.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\u0005\u0006', 0, 'latin1');
  end.writeUInt16LE(directory.length, 8);
  end.writeUInt16LE(directory.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...files, central, end]);
};
