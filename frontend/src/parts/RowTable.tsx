import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Head } from "../data/report";
import { NUMBERS, type Rows } from "../data/rows";
import { FACETS, filtered, NO_FILTERS, options, sorted, type Filters, type Order } from "../data/select";
import { count, label, plural, spaced, visible } from "../data/format";
import { columnsOf, fewColumns, type Column } from "./columns";
import { useVirtual } from "./useVirtual";

const ROW_PX = 44;
const PILLS = new Set(["status", "verdict"]);

interface Props {
  head: Head;
  rows: Rows;
  filters: Filters;
  setFilters: (filters: Filters) => void;
  open: number | null;
  setOpen: (row: number) => void;
  onShown: (shown: Int32Array) => void;
}

export function RowTable({ head, rows, filters, setFilters, open, setOpen, onShown }: Props) {
  const [order, setOrder] = useState<Order | null>(null);
  const all = useMemo(() => columnsOf(rows, head.extra_columns), [rows]);
  const columns = useMemo(() => (open === null ? all : fewColumns(all)), [all, open === null]);
  const found = useMemo(() => {
    performance.mark("voicemill:filter-start");
    return filtered(rows, filters);
  }, [rows, filters]);
  const shown = useMemo(() => sorted(rows, found, order), [rows, found, order]);
  useEffect(() => onShown(shown), [shown]);
  useEffect(() => {
    performance.measure("voicemill:filter", "voicemill:filter-start");
  }, [found]);
  return (
    <div class="table-side">
      <div class="section-head">
        <h2 id="rows-title">Rows</h2>
        <p class="muted" role="status">
          {shown.length === rows.count ? plural(rows.count, "row") : `${count(shown.length)} of ${plural(rows.count, "row")}`}
        </p>
      </div>
      <FilterBar rows={rows} filters={filters} setFilters={setFilters} />
      <Grid rows={rows} shown={shown} columns={columns} order={order} setOrder={setOrder} open={open} setOpen={setOpen} />
      {rows.count > 100_000 / 2 && head.text_limit < 1000 && (
        <p class="muted note">The search covers the first {count(head.text_limit)} characters of each text.</p>
      )}
    </div>
  );
}

function FilterBar({ rows, filters, setFilters }: Pick<Props, "rows" | "filters" | "setFilters">) {
  const facets = useMemo(() => FACETS.map((name) => ({ name, values: options(rows, name) })).filter(({ values }) => values.length), [rows]);
  const isFiltered = filters.query || filters.among || Object.keys(filters.values).length > 0;
  const choose = (name: string, value: string) => {
    const { [name]: _, ...others } = filters.values;
    setFilters({ ...filters, values: value ? { ...others, [name]: value } : others });
  };
  return (
    <div class="filters" role="search" aria-label="Filter the rows">
      <input type="search" id="search" placeholder="Search ids, texts, files, errors …" aria-label="Search the rows" autocomplete="off"
        value={filters.query} onInput={(event) => setFilters({ ...filters, query: event.currentTarget.value })} />
      {facets.map(({ name, values }) => (
        <label>
          <span class="hidden">{label(name)}</span>
          <select value={filters.values[name] ?? ""} class={filters.values[name] ? "on" : ""} onChange={(event) => choose(name, event.currentTarget.value)}>
            <option value="">{label(name)}: any</option>
            {values.map(([value, number]) => <option value={value}>{visible(spaced(value)).slice(0, 60)} ({count(number)})</option>)}
          </select>
        </label>
      ))}
      {filters.among && <span class="chip">{visible(filters.among.title)}</span>}
      {isFiltered && <button class="secondary" onClick={() => setFilters(NO_FILTERS)}>Clear filters</button>}
    </div>
  );
}

interface GridProps {
  rows: Rows;
  shown: Int32Array;
  columns: Column[];
  order: Order | null;
  setOrder: (order: Order | null) => void;
  open: number | null;
  setOpen: (row: number) => void;
}

function Grid({ rows, shown, columns, order, setOrder, open, setOpen }: GridProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState(0);
  const virtual = useVirtual({ count: shown.length, rowHeight: ROW_PX, element: () => scroller.current });
  const layout = columns.map((column) => column.width).join(" ");
  useLayoutEffect(() => {
    scroller.current!.style.setProperty("--columns", layout);
    scroller.current!.style.setProperty("--least", `${columns.length * 112}px`);
  }, [layout]);
  useLayoutEffect(() => {
    scroller.current!.style.setProperty("--content", `${Math.max(3, shown.length) * ROW_PX + 4}px`);
  }, [shown.length]);
  useEffect(() => {
    setActive(0);
    scroller.current!.scrollTop = 0;
  }, [shown]);
  useEffect(() => {
    const place = open === null ? -1 : shown.indexOf(open);
    if (place >= 0) {
      setActive(place);
      virtual.scrollToIndex(place, { align: "auto" });
    }
  }, [open]);

  const move = (to: number) => {
    const place = Math.max(0, Math.min(shown.length - 1, to));
    setActive(place);
    virtual.scrollToIndex(place, { align: "auto" });
    if (open !== null && shown[place] !== undefined) setOpen(shown[place]);
  };
  const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 400) / ROW_PX) - 2);
  const keys: Record<string, () => void> = {
    ArrowDown: () => move(active + 1),
    ArrowUp: () => move(active - 1),
    PageDown: () => move(active + page),
    PageUp: () => move(active - page),
    Home: () => move(0),
    End: () => move(shown.length - 1),
    Enter: () => shown[active] !== undefined && setOpen(shown[active]),
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const action = event.target === scroller.current ? keys[event.key] : undefined;
    if (action) {
      event.preventDefault();
      action();
    }
  };
  const items = virtual.getVirtualItems();
  const isActiveDrawn = items.some((item) => item.index === active);
  return (
    <>
    <div id="grid" class="grid" ref={scroller} role="grid" tabIndex={0} aria-labelledby="rows-title" aria-rowcount={shown.length + 1}
      aria-colcount={columns.length} aria-activedescendant={isActiveDrawn ? `row-${active}` : undefined} onKeyDown={onKeyDown}>
      <div role="rowgroup" class="grid-head">
        <div role="row" class="grid-row" aria-rowindex={1}>
          {columns.map((column) => <HeadCell column={column} order={order} setOrder={setOrder} />)}
        </div>
      </div>
      <div role="rowgroup" class="grid-body" ref={(element) => { if (element) element.style.height = `${virtual.getTotalSize()}px`; }}>
        {items.map((item) => {
          const row = shown[item.index];
          if (row === undefined) return null;
          return (
            <div role="row" key={item.index} id={`row-${item.index}`} aria-rowindex={item.index + 2} aria-selected={row === open}
              class={`grid-row ${rows.text("status", row)}${item.index === active ? " active" : ""}`}
              ref={(element) => { if (element) element.style.transform = `translateY(${item.start}px)`; }}
              onClick={() => { setActive(item.index); setOpen(row); }}>
              {columns.map((column) => (
                <div role="gridcell" data-column={column.name} class={column.isNumber ? "number" : ""}>
                  {PILLS.has(column.name) && rows.text(column.name, row)
                    ? <span class={`pill ${rows.text(column.name, row)}`}>{column.cell(rows, row)}</span>
                    : <bdi>{column.cell(rows, row)}</bdi>}
                </div>
              ))}
            </div>
          );
        })}
        {shown.length === 0 && <div role="row" class="nothing"><div role="gridcell">{rows.count ? "No row matches." : "This run has no rows."}</div></div>}
      </div>
    </div>
    {items.length < shown.length && (
      <p class="muted printed">{count(items.length)} of {plural(shown.length, "row")} are printed. The table items.parquet holds all rows.</p>
    )}
    </>
  );
}

function HeadCell({ column, order, setOrder }: { column: Column } & Pick<GridProps, "order" | "setOrder">) {
  const isSorted = order?.column === column.name;
  const state = !isSorted ? "none" : order.descending ? "descending" : "ascending";
  const sort = () => {
    const first = NUMBERS.has(column.name);
    if (!isSorted) setOrder({ column: column.name, descending: first });
    else if (order.descending === first) setOrder({ column: column.name, descending: !first });
    else setOrder(null);
  };
  return (
    <div role="columnheader" aria-sort={state} class={column.isNumber ? "number" : ""} data-column={column.name}>
      <button onClick={sort}>{visible(label(column.name))}<span class="arrow" aria-hidden="true">{isSorted ? (order.descending ? "↓" : "↑") : ""}</span></button>
    </div>
  );
}
