import { Command } from 'commander';
import { analyse, loadMapping, readRecords } from '#application';

/** `uplift import inspections --mapping FILE --data DIR [--json]` */
export function importInspectionsCommand(): Command {
  return new Command('inspections')
    .requiredOption('--mapping <file>', 'how the records are to be read (checklists/mappings/*.yaml)')
    .requiredOption('--data <dir>', 'folder with the records')
    .option('--json', 'print the summary as JSON')
    .action(async (options: { mapping: string; data: string; json?: boolean }) => {
      const mapping = loadMapping(options.mapping);
      const result = analyse(readRecords(mapping, options.data), mapping);
      console.log(JSON.stringify(result.summary, null, options.json ? 2 : 0));
    });
}
