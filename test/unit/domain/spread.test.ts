import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Spread } from '../../../lambdas/domain/spread.ts';

it('keeps everything while there is little, and then at least half as many as it may, evenly spread', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 50 }), fc.nat(2000), (most, count) => {
      const spread = new Spread<number>(most);
      for (let i = 0; i < count; i += 1) spread.add(i);
      expect(spread.seen).toBe(count);
      const { kept } = spread;
      if (count <= most) expect(kept).toHaveLength(count);
      expect(kept.length).toBeLessThanOrEqual(most);
      expect(kept.length).toBeGreaterThanOrEqual(Math.floor(Math.min(count, most) / 2));
      const steps = new Set(kept.slice(1).map((each, i) => each - (kept[i] ?? 0)));
      expect(steps.size).toBeLessThanOrEqual(1);
    }),
  );
});
