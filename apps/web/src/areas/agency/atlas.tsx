import { GeoComponent } from 'echarts/components';
import { registerMap, use as register } from 'echarts/core';
import { feature } from 'topojson-client';
import type { GeometryCollection, Topology } from 'topojson-specification';
// Natural Earth, public domain; comes along with this file, because no map is fetched from anywhere.
import countries from 'world-atlas/countries-50m.json';
import { useMemo, useState } from 'react';
import type { Schema } from '#web/api/client';
import { useI18n } from '#web/i18n';
import { useShade } from '#web/shell/theme';
import { Button } from '#web/ui/basics';
import { Chart } from '#web/ui/chart';
import { token } from '#web/ui/tokens';

register([GeoComponent]);
const world = countries as unknown as Topology;
registerMap('world', feature(world, world.objects['countries'] as GeometryCollection) as never);

type Site = Schema<'SiteRow'>;
type Placed = Site & { readonly lat: number; readonly lon: number };

/** Degrees around the outermost sites, so that a single town isn't all there is to see. */
const MARGIN = 1.5;

/** Outlines of countries with a dot for every site whose coordinates are known. Maps aren't mirrored in Arabic. */
export default function Atlas({ sites, left }: { sites: readonly Site[]; left: ReadonlySet<string> }) {
  const { t, country, compare } = useI18n();
  const shade = useShade();
  const [zoom, setZoom] = useState(1);
  const placed = useMemo(
    () => sites.filter((site): site is Placed => site.lat !== null && site.lon !== null),
    [sites],
  );
  const option = useMemo(() => {
    void shade;
    const lats = placed.map(({ lat }) => lat);
    const lons = placed.map(({ lon }) => lon);
    const [south, north] = [Math.min(...lats) - MARGIN, Math.max(...lats) + MARGIN];
    const [west, east] = [Math.min(...lons) - MARGIN, Math.max(...lons) + MARGIN];
    const dots = (who: readonly Placed[], colour: string, name: string) => ({
      type: 'scatter',
      coordinateSystem: 'geo',
      name,
      symbolSize: 12,
      itemStyle: { color: token(colour), borderColor: token('panel'), borderWidth: 1, opacity: 0.85 },
      data: who.map((site) => ({ name: site.name, value: [site.lon, site.lat] })),
    });
    return {
      legend: { top: 0, textStyle: { color: token('ink') } },
      tooltip: { formatter: ({ name }: { name: string }) => name },
      geo: {
        map: 'world',
        roam: zoom > 1 ? 'move' : false,
        zoom,
        center: [(west + east) / 2, (south + north) / 2],
        top: 32,
        bottom: 0,
        left: 0,
        right: 0,
        boundingCoords: [
          [west, north],
          [east, south],
        ],
        // A degree of longitude is shorter than one of latitude, the more so the farther north.
        aspectScale: Math.cos((((north + south) / 2) * Math.PI) / 180),
        silent: true,
        itemStyle: { areaColor: token('sunken'), borderColor: token('edge') },
      },
      series: [
        dots(
          placed.filter(({ id }) => !left.has(id)),
          'brand',
          t('agency.sites.in'),
        ),
        dots(
          placed.filter(({ id }) => left.has(id)),
          'major',
          t('agency.map.left'),
        ),
      ],
    };
  }, [placed, left, zoom, t, shade]);
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
    <>
      <Chart
        title={t('agency.tab.map')}
        summary={t('agency.map.summary', { n: placed.length, of: sites.length })}
        option={option}
        height={460}
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
      <div className="no-print flex flex-wrap items-center gap-2">
        <Button onClick={() => setZoom((now) => Math.min(16, now * 2))}>{t('agency.map.closer')}</Button>
        <Button onClick={() => setZoom((now) => Math.max(1, now / 2))} disabled={zoom === 1}>
          {t('agency.map.farther')}
        </Button>
        <span className="text-sm text-soft">{t('agency.map.source')}</span>
      </div>
    </>
  );
}
