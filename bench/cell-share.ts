/** The numbers, from `first` up to but not `end`, of those of `total` that fall to a cell when all cells share them. */
export function shareOf(
  cell: number,
  cellCount: number,
  total: number,
): { readonly first: number; readonly end: number } {
  const upTo = (cells: number) => Math.floor((total * cells) / cellCount);
  return { first: upTo(cell), end: upTo(cell + 1) };
}
