#include "view/row_table.hpp"

#include "view/json_object.hpp"

namespace scaler::view {

std::string RowTable::all() const {
  return json_array(rows_, [&](const auto& row) { return object(row.first, row.second, nullptr); });
}

std::string RowTable::first() const {
  if (rows_.empty()) return "{}";
  return object(rows_.begin()->first, rows_.begin()->second, nullptr);
}

std::string RowTable::take_changes() {
  if (rows_ == told_) return {};
  std::string changed;
  for (const auto& [id, values] : rows_) {
    const auto before = told_.find(id);
    if (before != told_.end() && before->second == values) continue;
    if (!changed.empty()) changed += ',';
    changed += object(id, values, before == told_.end() ? nullptr : &before->second);
  }
  std::string gone;
  for (const auto& [id, values] : told_) {
    if (rows_.contains(id)) continue;
    if (!gone.empty()) gone += ',';
    gone += json::quoted(id);
  }
  told_ = rows_;
  JsonObject changes;
  if (!changed.empty()) changes.raw("rows", '[' + changed + ']');
  if (!gone.empty()) changes.raw("gone", '[' + gone + ']');
  return changes.take();
}

std::string RowTable::object(const std::string& id, const std::vector<std::string>& values,
                             const std::vector<std::string>* told) const {
  JsonObject row;
  row.text("id", id);
  for (std::size_t i = 0; i < keys_.size(); ++i)
    if (told == nullptr || (*told)[i] != values[i]) row.raw(keys_[i], values[i]);
  return row.take();
}

}  // namespace scaler::view
