import { withoutFolders } from './jobs.service.js';

// What messages of the file system, of the database and of parsers look like; addresses of pages are no folders of the machine.
test.each([
  [
    "ENOENT: no such file or directory, open '/srv/uplift/data/evidence/ab/cd'",
    "ENOENT: no such file or directory, open '…/cd'",
  ],
  ['cannot read /srv/my-data/a.csv (line 3)', 'cannot read …/a.csv (line 3)'],
  ['file=/var/lib/uplift/x.json', 'file=…/x.json'],
  ['"/a/b"', '"…/b"'],
  ['/only', '/only'],
  ['3 of 5, and/or 2/3', '3 of 5, and/or 2/3'],
  ['https://example.org/a/b answered 500', 'https://example.org/a/b answered 500'],
  ['', ''],
])('%s → %s', (reason, shown) => {
  expect(withoutFolders(reason)).toBe(shown);
});
