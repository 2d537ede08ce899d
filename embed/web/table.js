// A table of any number of rows, of which the page holds those that can be seen. Cells change in
// place; the headings sort.

const rowHeight = 26;
const spare = 8;

const make = (name, parent, className) => {
  const element = document.createElement(name);
  if (className) element.className = className;
  if (parent) parent.append(element);
  return element;
};

export class Table {
  // A column: {title, value(row) -> number or text to sort by, text(row), title(row)?, share(row)?
  // -> 0..1 drawn as a bar, mark(row)? -> a class, number?: true, hint?}
  constructor(box, columns, options = {}) {
    this.columns = columns;
    this.options = options;
    this.rows = [];
    this.sort = options.sort || null;  // {column, down}
    this.box = box;
    this.table = make('table', box);
    if (options.label) this.table.setAttribute('aria-label', options.label);
    this.head = make('tr', make('thead', this.table));
    this.body = make('tbody', this.table);
    this.above = make('td', make('tr', this.body, 'space'));
    this.below = make('td', make('tr', this.body, 'space'));
    for (const space of [this.above, this.below]) {
      space.colSpan = columns.length;
      space.parentElement.setAttribute('aria-hidden', 'true');
    }
    this.empty = make('p', box, 'quiet');
    this.lines = [];
    columns.forEach((column, index) => this.addHeading(column, index));
    box.addEventListener('scroll', () => this.paint(), {passive: true});
    new ResizeObserver(() => this.paint()).observe(box);
  }

  addHeading(column, index) {
    const cell = make('th', this.head, column.number ? 'number' : '');
    cell.scope = 'col';
    const button = make('button', cell);
    button.textContent = column.title;
    if (column.hint) button.title = column.hint;
    button.onclick = () => {
      const again = this.sort && this.sort.column === index;
      this.sort = {column: index, down: again ? !this.sort.down : Boolean(column.number)};
      this.show(this.given);
    };
  }

  show(rows) {
    this.given = rows;
    this.rows = rows.slice();
    this.head.childNodes.forEach((cell, index) => {
      const sorted = this.sort && this.sort.column === index;
      if (sorted) cell.setAttribute('aria-sort', this.sort.down ? 'descending' : 'ascending');
      else cell.removeAttribute('aria-sort');
    });
    if (this.sort) {
      const value = this.columns[this.sort.column].value;
      const way = this.sort.down ? -1 : 1;
      const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
      this.rows.sort((a, b) => way * compare(value(a), value(b)));
    }
    this.empty.textContent = rows.length ? '' : this.options.empty || 'nothing yet';
    this.table.setAttribute('aria-rowcount', String(rows.length + 1));
    this.paint();
  }

  paint() {
    if (this.box.clientHeight === 0) return;
    const first = Math.max(0, Math.floor(this.box.scrollTop / rowHeight) - spare);
    const count = Math.min(this.rows.length - first, Math.ceil(this.box.clientHeight / rowHeight) + 2 * spare);
    this.above.style.height = first * rowHeight + 'px';
    this.below.style.height = Math.max(0, this.rows.length - first - count) * rowHeight + 'px';
    while (this.lines.length < count) this.addLine();
    while (this.lines.length > Math.max(0, count)) this.lines.pop().element.remove();
    this.lines.forEach((line, index) => this.fill(line, this.rows[first + index], first + index));
  }

  addLine() {
    const element = document.createElement('tr');
    this.below.parentElement.before(element);
    const line = {element, row: null, cells: this.columns.map((column) => ({
      element: make('td', element, column.number ? 'number' : ''), text: null, title: null, share: null, mark: null}))};
    if (this.options.onPick) {
      element.tabIndex = 0;
      element.className = 'pick';
      element.onclick = () => this.options.onPick(line.row);
      element.onkeydown = (event) => {
        if (event.key === 'Enter') this.options.onPick(line.row);
      };
    }
    this.lines.push(line);
  }

  fill(line, row, index) {
    line.row = row;
    line.element.setAttribute('aria-rowindex', String(index + 2));
    this.columns.forEach((column, place) => {
      const cell = line.cells[place];
      const text = String(column.text(row));
      if (text !== cell.text) cell.element.textContent = cell.text = text;
      const title = column.tip ? column.tip(row) : '';
      if (title !== cell.title) cell.element.title = cell.title = title;
      if (column.share) {
        const share = Math.round(100 * Math.min(1, Math.max(0, column.share(row))));
        if (share !== cell.share) cell.element.style.setProperty('--share', share + '%');
        cell.share = share;
      }
      const mark = [column.number ? 'number' : '', column.share ? 'bar' : '', column.mark ? column.mark(row) : ''].join(' ');
      if (mark !== cell.mark) cell.element.className = cell.mark = mark;
    });
  }
}
