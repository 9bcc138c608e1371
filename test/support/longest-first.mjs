import Sequencer from '@jest/test-sequencer';

/** Minutes long, however few their lines: one that begins last runs alone while the other cores have nothing left to do. */
const LONG = /\/e2e\/(access-matrix|fuzz|web-\w+)\.spec\.ts$/;

/** Jest's own order (as long as they took before, else by the size of the file), with the longest specs before all others. */
export default class LongestFirst extends Sequencer {
  sort(tests) {
    const later = ({ path }) => (LONG.test(path) ? 0 : 1);
    return super.sort(tests).toSorted((one, other) => later(one) - later(other));
  }
}
