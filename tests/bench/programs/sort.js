// Sorting numbers, objects and strings, with the language's sort and one by hand.
let seed = 42;
const random = () => (seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff);

function quicksort(array, low, high) {
  while (low < high) {
    const pivot = array[(low + high) >> 1];
    let [i, j] = [low, high];
    while (i <= j) {
      while (array[i] < pivot) i++;
      while (array[j] > pivot) j--;
      if (i <= j) {
        const kept = array[i];
        array[i++] = array[j];
        array[j--] = kept;
      }
    }
    quicksort(array, low, j);
    low = i;
  }
}

let result = 0;
for (let round = 0; round < 6; round++) {
  const numbers = Array.from({ length: 60000 }, random);
  const copy = numbers.slice();
  quicksort(copy, 0, copy.length - 1);
  numbers.sort((a, b) => a - b);
  const people = numbers.map((id, at) => ({ id, name: `name ${id % 1000}`, at }));
  people.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : b.at - a.at));
  result = (result + numbers[100] + copy[200] + people[300].at) % 1000003;
}
result;
