#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace scaler::view {

struct TableColumn {
  std::string heading;
  // Columns of numbers are shown whole or not at all; 0: it is one.
  std::size_t name_least = 0;  // as narrow as a name may be
  std::size_t name_usual = 0;  // as wide as it is while others want room
  unsigned drop_rank = 0;      // of those that do not fit, the highest goes first; 0: never
};

// Rows of cells under headings, all aligned to the right.
struct Table {
  std::vector<TableColumn> columns;
  std::vector<std::vector<std::string>> rows;  // as many cells each as there are columns
};

// Which columns are shown, how wide each of them is (0: not shown), and the sum with the spaces
// between, which passes `columns_max` only when nothing more can go.
struct Fit {
  std::vector<std::size_t> widths;
  std::size_t total = 0;
};
Fit fit(const Table& table, std::size_t columns_max);
std::size_t usual_width(const Table& table);  // with every column, and names as wide as is usual

std::string heading_line(const Table& table, const Fit& fit);
std::string row_line(const Table& table, const Fit& fit, std::size_t row);

}  // namespace scaler::view
