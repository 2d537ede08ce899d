#include "view/terminal_table.hpp"

#include <algorithm>
#include <numeric>

#include "view/terminal_text.hpp"

namespace scaler::view {
namespace {

std::size_t whole_width(const Table& table, std::size_t column) {
  std::size_t width = columns_of(table.columns[column].heading);
  for (const auto& row : table.rows) width = std::max(width, columns_of(row[column]));
  return width;
}

std::size_t total_of(const std::vector<std::size_t>& widths) {
  const auto shown = static_cast<std::size_t>(
      std::count_if(widths.begin(), widths.end(), [](std::size_t width) { return width > 0; }));
  return std::accumulate(widths.begin(), widths.end(), std::size_t{0}) +
         (shown > 0 ? shown - 1 : 0);
}

// Takes away the column that is missed least. False: none may go.
bool drop_one(const Table& table, std::vector<std::size_t>& widths) {
  std::size_t least_missed = table.columns.size();
  unsigned highest = 0;
  for (std::size_t i = 0; i < widths.size(); ++i)
    if (widths[i] > 0 && table.columns[i].drop_rank > highest) {
      highest = table.columns[i].drop_rank;
      least_missed = i;
    }
  if (highest == 0) return false;
  widths[least_missed] = 0;
  return true;
}

// Gives what is left over to the names, from the last to the first: an identity before its
// manager.
void grow(std::vector<std::size_t>& widths, const std::vector<std::size_t>& wanted,
          std::size_t columns_max) {
  const std::size_t total = total_of(widths);
  std::size_t spare = columns_max - std::min(columns_max, total);
  for (std::size_t i = widths.size(); i-- > 0;) {
    if (widths[i] == 0 || widths[i] >= wanted[i]) continue;
    const std::size_t more = std::min(spare, wanted[i] - widths[i]);
    widths[i] += more;
    spare -= more;
  }
}

std::string line_of(const Table& table, const Fit& fit, const std::vector<std::string>& cells) {
  std::string line;
  bool first = true;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (fit.widths[i] == 0) continue;
    if (!first) line += ' ';
    first = false;
    const bool is_name = table.columns[i].name_least > 0;
    line += right_aligned(is_name ? cut_name(cells[i], fit.widths[i]) : cells[i], fit.widths[i]);
  }
  return line;
}

}  // namespace

Fit fit(const Table& table, std::size_t columns_max) {
  std::vector<std::size_t> whole;
  std::vector<std::size_t> usual;
  Fit result;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const TableColumn& column = table.columns[i];
    whole.push_back(whole_width(table, i));
    const bool is_name = column.name_least > 0;
    usual.push_back(is_name ? std::min(whole[i], column.name_usual) : whole[i]);
    result.widths.push_back(is_name ? std::min(whole[i], column.name_least) : whole[i]);
  }
  while (total_of(result.widths) > columns_max && drop_one(table, result.widths)) {
  }
  grow(result.widths, usual, columns_max);
  grow(result.widths, whole, columns_max);
  result.total = total_of(result.widths);
  return result;
}

std::size_t usual_width(const Table& table) {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const TableColumn& column = table.columns[i];
    const std::size_t whole = whole_width(table, i);
    widths.push_back(column.name_least > 0 ? std::min(whole, column.name_usual) : whole);
  }
  return total_of(widths);
}

std::string heading_line(const Table& table, const Fit& fit) {
  std::vector<std::string> headings;
  for (const TableColumn& column : table.columns) headings.push_back(column.heading);
  return line_of(table, fit, headings);
}

std::string row_line(const Table& table, const Fit& fit, std::size_t row) {
  return line_of(table, fit, table.rows[row]);
}

}  // namespace scaler::view
