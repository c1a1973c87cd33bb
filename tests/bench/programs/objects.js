// Classes, maps and closures: cells that live and die, and the shortest ways through a grid.
class Cell {
  #alive;
  constructor(x, y, alive) {
    this.x = x;
    this.y = y;
    this.#alive = alive;
  }
  get alive() {
    return this.#alive;
  }
  next(world) {
    let neighbours = 0;
    for (let dx = -1; dx <= 1; dx++) {
      for (let dy = -1; dy <= 1; dy++) if ((dx || dy) && world.at(this.x + dx, this.y + dy).alive) neighbours++;
    }
    return new Cell(this.x, this.y, neighbours === 3 || (this.#alive && neighbours === 2));
  }
}

class World {
  constructor(size, cells) {
    this.size = size;
    this.cells = cells;
  }
  at(x, y) {
    const { size } = this;
    return this.cells[((y + size) % size) * size + ((x + size) % size)];
  }
  next() {
    return new World(this.size, this.cells.map((cell) => cell.next(this)));
  }
}

/** Breadth first, over keys of text. */
function ways(size) {
  const far = new Map([["0,0", 0]]);
  const queue = ["0,0"];
  for (let at = 0; at < queue.length; at++) {
    const [x, y] = queue[at].split(",").map(Number);
    for (const [dx, dy] of [[1, 0], [0, 1], [-1, 0], [0, -1]]) {
      const [nx, ny] = [x + dx, y + dy];
      const key = `${nx},${ny}`;
      if (nx < 0 || ny < 0 || nx >= size || ny >= size || (nx * 7 + ny * 3) % 5 === 0 || far.has(key)) continue;
      far.set(key, far.get(queue[at]) + 1);
      queue.push(key);
    }
  }
  return [...far.values()].reduce((all, it) => all + it, 0);
}

const SIZE = 120;
let world = new World(SIZE, Array.from({ length: SIZE * SIZE }, (_, i) => new Cell(i % SIZE, Math.floor(i / SIZE), (i * 7 + ((i * i) >> 3)) % 3 === 0)));
for (let i = 0; i < 90; i++) world = world.next();
let steps = 0;
for (let i = 0; i < 20; i++) steps += ways(130 + i);
world.cells.filter((cell) => cell.alive).length * 1000 + steps;
