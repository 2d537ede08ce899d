#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace scaler::view {

// A table as JSON: the rows as they are, and what changed since that was told. A row is an object
// with an "id" and a value for each key.
class RowTable {
 public:
  explicit RowTable(std::vector<std::string_view> keys) : keys_(std::move(keys)) {}

  // By id: a JSON value for each key.
  using Rows = std::map<std::string, std::vector<std::string>>;
  void update(Rows rows) { rows_ = std::move(rows); }

  std::string all() const;    // [{"id":...},...], by id
  std::string first() const;  // the first row's object, {} when there is none
  // {"rows":[...],"gone":[ids]}, of each row that is not new the changed values alone. Empty when
  // nothing changed. From now on that is told.
  std::string take_changes();

 private:
  std::string object(const std::string& id, const std::vector<std::string>& values,
                     const std::vector<std::string>* told) const;

  std::vector<std::string_view> keys_;
  Rows rows_;
  Rows told_;
};

}  // namespace scaler::view
