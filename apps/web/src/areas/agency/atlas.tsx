import { useMemo, useState } from 'react';
import { feature } from 'topojson-client';
import type { GeometryCollection, Topology } from 'topojson-specification';
// Natural Earth, public domain; comes along with this file, because no map is fetched from anywhere.
import countries from 'world-atlas/countries-50m.json';
import type { Schema } from '#web/api/client';
import { useI18n } from '#web/i18n';
import { Button } from '#web/ui/basics';
import { classes } from '#web/ui/classes';
import { Table } from '#web/ui/table';

type Site = Schema<'SiteRow'>;
type Placed = Site & { readonly lat: number; readonly lon: number };
type Dot = { readonly site: Placed; readonly x: number; readonly y: number };
type Ring = readonly (readonly [lon: number, lat: number])[];

const world = countries as unknown as Topology;
/** Outlines of the countries, ring by ring, in degrees. */
const RINGS: readonly Ring[] = feature(
  world,
  world.objects['countries'] as GeometryCollection,
).features.flatMap(
  ({ geometry }) =>
    (geometry.type === 'Polygon'
      ? [geometry.coordinates]
      : geometry.type === 'MultiPolygon'
        ? geometry.coordinates
        : []
    ).flat() as unknown as Ring[],
);
/** Degrees around the outermost sites, so that a single town isn't all there is to see. */
const MARGIN = 1.5;
/** As many dots can be told apart. */
const NAMED = 500;
const WIDTH = 1000;
const HEIGHT = 480;

/** Outlines of countries with a dot for every site whose coordinates are known. Maps aren't mirrored in Arabic. */
export default function Atlas({ sites, left }: { sites: readonly Site[]; left: ReadonlySet<string> }) {
  const { t, country, compare } = useI18n();
  const [zoom, setZoom] = useState(1);
  const placed = useMemo(
    () => sites.filter((site): site is Placed => site.lat !== null && site.lon !== null),
    [sites],
  );
  const { outlines, dots } = useMemo(() => drawing(placed, zoom), [placed, zoom]);
  const places = useMemo(() => {
    const counts = new Map<string, { country: string; city: string; n: number }>();
    for (const site of sites) {
      const key = `${site.country} ${site.city}`;
      const place = counts.get(key) ?? { country: site.country, city: site.city, n: 0 };
      counts.set(key, { ...place, n: place.n + 1 });
    }
    return [...counts.values()].sort((one, other) => compare(one.city, other.city));
  }, [sites, compare]);
  return (
    <figure className="my-4">
      <figcaption className="mb-2">
        <span className="block font-semibold">{t('agency.tab.map')}</span>
        <span className="text-soft">{t('agency.map.summary', { n: placed.length, of: sites.length })}</span>
      </figcaption>
      <ul className="mb-2 flex flex-wrap gap-4 text-sm">
        <li className="flex items-center gap-2">
          <span aria-hidden="true" className="size-3 rounded-full bg-brand" />
          {t('agency.sites.in')}
        </li>
        <li className="flex items-center gap-2">
          <span aria-hidden="true" className="size-3 rotate-45 bg-major" />
          {t('agency.map.left')}
        </li>
      </ul>
      <svg
        aria-hidden="true"
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        className="w-full rounded-lg border border-line bg-panel"
      >
        <path d={outlines} className="fill-sunken stroke-edge" strokeWidth="1" />
        {dots.length > NAMED ? (
          <Swarm dots={dots} left={left} />
        ) : (
          dots.map(({ site, x, y }) => (
            <g key={site.id} transform={`translate(${x} ${y})`}>
              <title>{site.name}</title>
              {left.has(site.id) ? (
                <path d="M0-9 9 0 0 9-9 0Z" className={classes(DOT, 'fill-major')} />
              ) : (
                <circle r="8" className={classes(DOT, 'fill-brand')} />
              )}
            </g>
          ))
        )}
      </svg>
      <div className="no-print mt-2 flex flex-wrap items-center gap-2">
        <Button onClick={() => setZoom((now) => Math.min(16, now * 2))}>{t('agency.map.closer')}</Button>
        <Button onClick={() => setZoom((now) => Math.max(0.25, now / 2))}>{t('agency.map.farther')}</Button>
        <span className="text-sm text-soft">{t('agency.map.source')}</span>
      </div>
      <details className="mt-2">
        <summary className="inline-flex min-h-8 items-center text-link underline">
          {t('common.chart.table')}
        </summary>
        <div className="mt-2">
          <Table
            caption={t('agency.tab.map')}
            rows={places}
            rowKey={({ country: code, city }) => `${code} ${city}`}
            columns={[
              { key: 'city', header: t('agency.map.town'), cell: ({ city }) => city },
              { key: 'country', header: t('agency.map.country'), cell: (place) => country(place.country) },
              {
                key: 'n',
                header: t('agency.flow.sites'),
                numeric: true,
                cell: ({ n }) => t('common.countOf', { n, of: sites.length }),
              },
            ]}
          />
        </div>
      </details>
    </figure>
  );
}

const DOT = 'stroke-panel opacity-85';

/** Thousands of sites, in two strokes: smaller, and where so many lie on each other no name can be pointed at. */
function Swarm({ dots, left }: { dots: readonly Dot[]; left: ReadonlySet<string> }) {
  const { staying, gone } = useMemo(() => {
    const path = (some: readonly Dot[], shape: string) =>
      some.map(({ x, y }) => `M${x} ${y}${shape}`).join('');
    return {
      staying: path(
        dots.filter(({ site }) => !left.has(site.id)),
        'h0',
      ),
      gone: path(
        dots.filter(({ site }) => left.has(site.id)),
        'm0-5 5 5-5 5-5-5Z',
      ),
    };
  }, [dots, left]);
  return (
    <>
      <path d={staying} strokeLinecap="round" strokeWidth="8" className="stroke-brand opacity-85" />
      <path d={gone} className="fill-major opacity-85" />
    </>
  );
}

/** The sites and what surrounds them, on a plane on which a degree of longitude is as short as it is at their latitude. */
function drawing(placed: readonly Placed[], zoom: number) {
  const lats = placed.map(({ lat }) => lat);
  const lons = placed.map(({ lon }) => lon);
  const [south, north] = [Math.min(...lats) - MARGIN, Math.max(...lats) + MARGIN];
  const [west, east] = [Math.min(...lons) - MARGIN, Math.max(...lons) + MARGIN];
  const [midLon, midLat] = [(west + east) / 2, (south + north) / 2];
  const shorter = Math.cos((midLat * Math.PI) / 180);
  const scale = zoom * Math.min(WIDTH / ((east - west) * shorter), HEIGHT / (north - south));
  const at = (lon: number, lat: number): readonly [number, number] => [
    Math.round(10 * (WIDTH / 2 + (lon - midLon) * shorter * scale)) / 10,
    Math.round(10 * (HEIGHT / 2 - (lat - midLat) * scale)) / 10,
  ];
  const outlines = RINGS.map((ring) => ring.map(([lon, lat]) => at(lon, lat)))
    .filter(inView)
    .map((points) => `M${points.map(([x, y]) => `${x} ${y}`).join('L')}Z`)
    .join('');
  const dots = placed.map((site): Dot => {
    const [x, y] = at(site.lon, site.lat);
    return { site, x, y };
  });
  return { outlines, dots };
}

/** Whether a ring's box reaches into the picture. */
function inView(points: readonly (readonly [number, number])[]): boolean {
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  return Math.max(...xs) > 0 && Math.min(...xs) < WIDTH && Math.max(...ys) > 0 && Math.min(...ys) < HEIGHT;
}
