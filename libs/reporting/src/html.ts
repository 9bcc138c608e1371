import Handlebars from 'handlebars';
import { renderChart, type Chart } from './charts.js';
import { template } from './resources.js';

/** Our own Handlebars: nothing another module registers can reach these templates. */
const handlebars = Handlebars.create();

/**
 * The only markup that is passed through: a chart this library draws itself from options it builds itself. Anything
 * that is not one of our `Chart` values is refused.
 */
handlebars.registerHelper('chart', (chart: unknown) => {
  return new handlebars.SafeString(renderChart(chart as Chart));
});

const compiled = new Map<string, Handlebars.TemplateDelegate>();

function partial(name: string): void {
  if (!handlebars.partials[name])
    handlebars.registerPartial(name, handlebars.compile(template(`${name}.hbs`), OPTIONS));
}

const OPTIONS: CompileOptions = {
  strict: true,
  knownHelpersOnly: true,
  knownHelpers: { chart: true },
  preventIndent: true,
};

/** Renders templates/<name>.hbs, compiled once. `strict`: a field the template names must exist in the data. */
export function renderHtml(name: string, data: object): string {
  let run = compiled.get(name);
  if (!run) {
    partial('style');
    partial('languages');
    partial('parts');
    run = handlebars.compile(template(`${name}.hbs`), OPTIONS);
    compiled.set(name, run);
  }
  return run(data);
}

/** An address that may stand in a link: http or https, nothing that runs. */
export function webAddress(url: string): string {
  if (!/^https?:\/\//i.test(url)) throw new Error(`not a web address: ${url}`);
  return url;
}
