// The keys (an order, a claim) by which voices name events: one code a key, so that they compare at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "sojourn/arrow/import.hpp"
#include "sojourn/core/column.hpp"
#include "sojourn/core/error.hpp"

namespace sojourn {

/// Codes of the keys that voices carry. Events' keys that no voice carries have none. O(voices + distinct keys of the events).
class VoiceKeys {
 public:
  static constexpr std::uint32_t none = UINT32_MAX;

  VoiceKeys() = default;

  /// @param voices the feedback's column; @param events the log's, in log order; @param field where the former came from.
  /// @throws InvalidInput for keys of another kind than the events', or of a kind that does not compare exactly.
  VoiceKeys(const Column& voices, const Column& events, const arrow::Field& field) : events_(&events) {
    const auto* strings = std::get_if<Strings>(&voices.data);
    const auto* integers = std::get_if<Ints>(&voices.data);
    const bool same =
        (strings != nullptr && std::holds_alternative<Strings>(events.data)) || (integers != nullptr && std::holds_alternative<Ints>(events.data));
    if (!same) refuse(field.place(), voices.kind(), std::string("integers or strings, as the events' keys are (the log has ") + events.kind() + ")");
    of_voice_.assign(voices.size(), none);
    for (std::size_t i = 0; i < of_voice_.size(); ++i) {
      if (voices.is_null(i)) continue;
      if (strings != nullptr) of_voice_[i] = strings->codes[i];
      else of_voice_[i] = of_integer_.emplace(integers->values[i], static_cast<std::uint32_t>(of_integer_.size())).first->second;
    }
    if (strings == nullptr) return;
    std::unordered_map<std::string, std::uint32_t> known;
    for (std::uint32_t code = 0; code < strings->words->size(); ++code) known.emplace((*strings->words)[code], code);
    for (const std::string& word : *std::get<Strings>(events.data).words) {
      const auto found = known.find(word);
      of_word_.push_back(found == known.end() ? none : found->second);
    }
  }

  /// The code of voice v's key; `none` without one.
  [[nodiscard]] std::uint32_t of_voice(std::size_t v) const { return of_voice_.empty() ? none : of_voice_[v]; }
  /// The code of the key of the log's event `row`; `none` without one, or if no voice carries it.
  [[nodiscard]] std::uint32_t of_event(std::uint64_t row) const {
    if (events_ == nullptr || events_->is_null(row)) return none;
    if (const auto* strings = std::get_if<Strings>(&events_->data)) return of_word_[strings->codes[row]];
    const auto found = of_integer_.find(std::get<Ints>(events_->data).values[row]);
    return found == of_integer_.end() ? none : found->second;
  }

 private:
  const Column* events_ = nullptr;  // of the log, which the feedback keeps
  std::vector<std::uint32_t> of_voice_, of_word_;
  std::unordered_map<std::int64_t, std::uint32_t> of_integer_;
};

}  // namespace sojourn
