#include "embed/carried/carried.hpp"

#include <algorithm>

namespace scaler::embed {

const CarriedModule* find_carried(std::string_view name) {
  const auto table = carried_modules();
  const auto found = std::ranges::find(table, name, &CarriedModule::name);
  return found == table.end() ? nullptr : &*found;
}

}  // namespace scaler::embed
