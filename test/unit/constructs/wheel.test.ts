import { createHash } from 'node:crypto';
import { inflateRawSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { makeWheel } from '../../../lib/constructs/wheel.ts';
import { zip } from '../../../lib/constructs/zip.ts';

/** Reads an archive by its directory, as unzip does. */
const unzip = (archive: Buffer): Map<string, Buffer> => {
  const end = archive.lastIndexOf('PK\u0005\u0006', undefined, 'latin1');
  const files = new Map<string, Buffer>();
  let at = archive.readUInt32LE(end + 16);
  for (let count = archive.readUInt16LE(end + 10); count > 0; count -= 1) {
    const [packed, size, nameLength] = [
      archive.readUInt32LE(at + 20),
      archive.readUInt32LE(at + 24),
      archive.readUInt16LE(at + 28),
    ];
    const name = archive.subarray(at + 46, at + 46 + nameLength).toString('utf8');
    const local = archive.readUInt32LE(at + 42);
    const data = local + 30 + archive.readUInt16LE(local + 26);
    const content = inflateRawSync(archive.subarray(data, data + packed));
    if (content.length !== size) throw new Error(`${name}: ${String(content.length)} bytes, not ${String(size)}`);
    files.set(name, content);
    at += 46 + nameLength;
  }
  return files;
};

describe('zip', () => {
  test('gives back what went in, in the order of names', () => {
    const entries = [
      { name: 'b/ü.txt', content: Buffer.from('grüße '.repeat(1000)) },
      { name: 'a', content: Buffer.alloc(0) },
    ];
    const files = unzip(zip(entries));
    expect([...files.keys()]).toEqual(['a', 'b/ü.txt']);
    expect(files.get('b/ü.txt')).toEqual(entries[0]?.content);
  });

  test('neither order nor time shows', () => {
    const [a, b] = [
      { name: 'a', content: Buffer.from('1') },
      { name: 'b', content: Buffer.from('2') },
    ];
    expect(zip([a, b])).toEqual(zip([b, a]));
  });
});

describe('the wheel', () => {
  const { fileName, content } = makeWheel();
  const files = unzip(content);

  test('has a name that pip can read', () => {
    expect(fileName).toMatch(/^branchline-\d+\.\d+\.\d+-py3-none-any\.whl$/);
  });

  test('holds the package and what makes it a wheel', () => {
    const names = [...files.keys()];
    expect(names).toContain('branchline/__init__.py');
    expect(names).toContain('branchline/py.typed');
    expect(names.filter((name) => name.includes('.dist-info/')).map((name) => name.split('/')[1])).toEqual([
      'METADATA',
      'RECORD',
      'WHEEL',
      'top_level.txt',
    ]);
    expect(names.some((name) => name.includes('__pycache__'))).toBe(false);
  });

  test('RECORD names every file with its digest and size', () => {
    const [info = ''] = [...files.keys()].filter((name) => name.endsWith('/RECORD'));
    const lines = (files.get(info)?.toString('utf8') ?? '').trimEnd().split('\n');
    expect(lines).toHaveLength(files.size);
    for (const [name, bytes] of files) {
      const digest = createHash('sha256').update(bytes).digest('base64url');
      expect(lines).toContain(name === info ? `${info},,` : `${name},sha256=${digest},${String(bytes.length)}`);
    }
  });

  test('METADATA says the version of the package', () => {
    const metadata = [...files].find(([name]) => name.endsWith('/METADATA'))?.[1].toString('utf8') ?? '';
    expect(metadata).toContain(`\nVersion: ${fileName.split('-')[1] ?? ''}\n`);
    expect(metadata).toContain('\nRequires-Python: >=3.9\n');
  });
});
