// A folder put back as a backup had it, in the same store: the same ids and the older change keys; what was
// edited since is as it was, what was created since is gone, what was deleted since is there again. Its commit
// time and its deleted count go back, too. Changes made afterwards get change keys that nobody has seen. Who holds a
// sync state of a later time is told of what is not there any more, and not of what went back: a sync state
// remembers which change numbers it has seen, and those of the backup are among them.
import { removeItem } from './changes.ts'
import type { Folder, Item, State } from './item.ts'

/** Everything of an item that a backup holds. */
type Saved = Readonly<{ item: Item; at: Item; changeKey: string }>

/** Notes what the folder holds now; the answer puts it back. */
export function backupOf(state: State, folder: Folder): () => void {
  const { commitMs, deletedTotal } = folder
  const saved = [...folder.items.values()].map(
    (item): Saved => ({
      item,
      at: { ...item, touched: new Map(item.touched) },
      changeKey: item.track.changeKey,
    }),
  )
  return () => {
    const before = new Set(saved.map(({ item }) => item))
    for (const item of [...folder.items.values()]) if (!before.has(item)) removeItem(state, item)
    for (const { item, at, changeKey } of saved) {
      Object.assign(item, at)
      item.track.item = item
      item.track.changeKey = changeKey
      folder.items.set(item.id, item)
      state.items.set(item.id, item)
    }
    Object.assign(folder, { commitMs, deletedTotal })
  }
}
