import type { Goal } from '../../core/objective.ts';
import type { Place } from '../layout.ts';
import type { UiState } from '../ui-state.ts';
import type { View } from '../view.ts';
import { DetailPanel } from './detail.tsx';
import { EventsPanel } from './events.tsx';
import { HypervolumePanel } from './hypervolume.tsx';
import { LayersPanel } from './layers.tsx';
import { ScatterPanel } from './scatter.tsx';
import { TrialsPanel } from './trials.tsx';

interface PlacedPanelProps extends Place {
  readonly view: View;
  readonly ui: UiState;
  readonly goal: Goal;
}

/** The panel of that name. */
export function PlacedPanel({ panel, width, height, view, ui, goal }: PlacedPanelProps) {
  const size = { width, height };
  const rows = view.lines[panel] ?? [];
  // What is beside a list does not scroll with it.
  const scroll = ui.view === 'overview' || ui.view === 'trials' ? 0 : ui.scroll;
  switch (panel) {
    case 'scatter':
      return <ScatterPanel trials={view.all} x={view.axis} goal={goal} selected={view.selected} {...size} />;
    case 'hypervolume':
      return <HypervolumePanel history={view.history} {...size} />;
    case 'table':
      return (
        <TrialsPanel
          rows={view.rows}
          title={ui.table === 'front' ? 'front' : 'finished'}
          count={ui.table === 'front' ? view.members : view.rows.length}
          goal={goal}
          selected={view.selected}
          {...size}
        />
      );
    case 'trials':
      return (
        <TrialsPanel
          rows={view.rows}
          title="trials"
          count={view.rows.length}
          goal={goal}
          filter={ui.filter}
          sort={ui.sort}
          selected={view.selected}
          {...size}
        />
      );
    case 'detail':
    case 'facts':
    case 'choices':
      return <DetailPanel part={panel} detail={view.detail} rows={rows} scroll={panel === 'facts' ? 0 : scroll} {...size} />;
    case 'layers':
      return <LayersPanel rows={rows} members={view.members} scroll={scroll} {...size} />;
    case 'events':
      return <EventsPanel rows={rows} filter={ui.filter} scroll={scroll} {...size} />;
    default:
      return panel satisfies never;
  }
}
