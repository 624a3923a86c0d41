import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** They take longest: one that began last would run alone, beside an idle core. A first run knows no times of its own. */
const longest = [
  'test/cli/guides.test.ts',
  'test/cli/search.test.ts',
  'test/conformance/controllers.test.ts',
  'test/network/engine/lowering/webgpu.test.ts',
  'test/ui/page.test.ts',
  'test/executors/pool.test.ts',
  'test/conformance/techniques.test.ts',
  'test/cli/sensitivity.test.ts',
  'test/export/web.test.ts',
  'test/conformance/keys.test.ts',
];

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const places = new Map(longest.map((file, place) => [file, place - longest.length]));
    const placeOf = ({ moduleId }: TestSpecification) => places.get(relative(this.ctx.config.root, moduleId)) ?? 0;
    return sorted.sort((a, b) => placeOf(a) - placeOf(b));
  }
}
