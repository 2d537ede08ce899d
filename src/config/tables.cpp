#include "config/tables.hpp"

namespace scaler::config {

std::vector<const Table*> all_tables() {
  std::vector<const Table*> all = {&scheduler_table(), &store_table()};
  for (const Table& table : manager_tables()) all.push_back(&table);
  all.insert(all.end(), {&top_table(), &gui_table()});
  for (const Table& table : inquiry_tables()) all.push_back(&table);
  all.insert(all.end(), {&cluster_table(), &ui_table()});
  for (const Table& table : adapter_tables()) all.push_back(&table);
  return all;
}

}  // namespace scaler::config
