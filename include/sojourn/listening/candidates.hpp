// Which occurrences a voice may be about. A voice of customer c at t: the occurrences of c with t − horizon ≤ time ≤ t, closed at both ends. A
// voice that names its moment or carries a key is linked, and only what it links to counts:
//   a moment          occurrences of that moment, within the horizon
//   a key             occurrences up to t, however old, whose event carries the key; if there are none, the voice is as one without
//   both              occurrences up to t of that moment with that key; if there are none, the moment alone decides
// Cost: O(log occurrences) a voice; the links are sorted once, O(occurrences linked to · log).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include "sojourn/core/duration.hpp"
#include "sojourn/core/threads.hpp"
#include "sojourn/experience/match.hpp"
#include "sojourn/listening/feedback.hpp"

namespace sojourn {

/// By what a voice, or a part of it, came to its occurrence: by the method alone, by its key, by naming the moment; or not at all.
enum class How : std::uint8_t { model, key, named, unattributed };

inline const char* to_string(How how) {
  static constexpr const char* words[] = {"model", "key", "named", "unattributed"};
  return words[static_cast<std::size_t>(how)];
}

/// An occurrence and what voices may link it by.
struct LinkedOccurrence {
  std::uint32_t customer;
  std::uint64_t link;
  std::uint64_t occurrence;  // its number among all

  friend auto operator<=>(const LinkedOccurrence&, const LinkedOccurrence&) = default;
};

/// Occurrences by number, ascending: a customer's log order. Either some in a row or some that are linked.
class Candidates {
 public:
  Candidates() = default;
  Candidates(std::uint64_t begin, std::uint64_t end) : begin_(begin), size_(end - begin) {}
  explicit Candidates(std::span<const LinkedOccurrence> linked) : linked_(linked), size_(linked.size()) {}

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::uint64_t operator[](std::size_t i) const { return linked_.empty() ? begin_ + i : linked_[i].occurrence; }

 private:
  std::span<const LinkedOccurrence> linked_;
  std::uint64_t begin_ = 0;
  std::size_t size_ = 0;
};

/// Occurrences sorted by customer, link and log order.
class LinkIndex {
 public:
  LinkIndex() = default;

  /// @param link link(occurrence): an optional number; occurrences without one are left out.
  template <class Link>
  LinkIndex(const Matches& matches, const Link& link, const Run& run) : matches_(&matches) {
    const std::vector<Slice> customers = slices(matches.log->customers(), 4 * run.count());
    std::vector<std::vector<LinkedOccurrence>> parts(customers.size());
    parallel_for(customers.size(), run, [&](std::size_t p) {
      for (std::size_t i = matches.offsets[customers[p].begin]; i < matches.offsets[customers[p].end]; ++i)
        if (const std::optional<std::uint64_t> found = link(matches.occurrences[i])) parts[p].push_back({matches.occurrences[i].customer, *found, i});
      std::sort(parts[p].begin(), parts[p].end());
    });
    for (const auto& part : parts) linked_.insert(linked_.end(), part.begin(), part.end());
  }

  /// The customer's occurrences of that link with from ≤ time ≤ to.
  [[nodiscard]] std::span<const LinkedOccurrence> find(std::uint32_t customer, std::uint64_t link, std::int64_t from, std::int64_t to) const {
    const auto before = [&](std::int64_t time, bool closed) {
      return std::partition_point(linked_.begin(), linked_.end(), [&](const LinkedOccurrence& x) {
        if (std::tie(x.customer, x.link) != std::tie(customer, link)) return std::tie(x.customer, x.link) < std::tie(customer, link);
        const std::int64_t at = matches_->occurrences[x.occurrence].time;
        return at < time || (closed && at == time);
      });
    };
    const auto begin = before(from, false);
    return {begin, std::max(begin, before(to, true))};
  }

 private:
  const Matches* matches_ = nullptr;
  std::vector<LinkedOccurrence> linked_;
};

/// Finds what each voice may be about.
class CandidateFinder {
 public:
  CandidateFinder(const Feedback& feedback, const Duration& horizon, const Run& run)
      : feedback_(feedback), matches_(*feedback.matches), horizon_(horizon), moments_(matches_.journey->moments().size()) {
    std::vector<bool> is_named(moments_);
    bool keyed = false, named = false, both = false;
    for (std::size_t v = 0; v < feedback.size(); ++v) {
      const bool key = feedback.keys.of_voice(v) != VoiceKeys::none, moment = feedback.moment[v] != Feedback::no_moment;
      if (moment) is_named[feedback.moment[v]] = true;
      keyed = keyed || (key && !moment);
      named = named || moment;
      both = both || (key && moment);
    }
    const auto key_of = [&](const Occurrence& o) -> std::optional<std::uint64_t> {
      const std::uint32_t key = feedback.keys.of_event(o.event);
      return key == VoiceKeys::none ? std::nullopt : std::optional<std::uint64_t>{key};
    };
    const auto moment_of = [&](const Occurrence& o) { return is_named[o.moment] ? std::optional<std::uint64_t>{o.moment} : std::nullopt; };
    const auto both_of = [&](const Occurrence& o) -> std::optional<std::uint64_t> {
      const auto key = key_of(o);
      return key && is_named[o.moment] ? std::optional{both_links(*key, o.moment)} : std::nullopt;
    };
    if (keyed) by_key_ = LinkIndex(matches_, key_of, run);
    if (named) by_moment_ = LinkIndex(matches_, moment_of, run);
    if (both) by_both_ = LinkIndex(matches_, both_of, run);
  }

  /// What the voice might be about if it had no link.
  [[nodiscard]] Candidates recent(std::size_t v) const {
    if (feedback_.is_other(v)) return {};
    return within(feedback_.customer[v], opens(feedback_.time[v]), feedback_.time[v]);
  }

  [[nodiscard]] std::pair<Candidates, How> find(std::size_t v) const {
    if (feedback_.is_other(v)) return {{}, How::unattributed};
    const std::uint32_t customer = feedback_.customer[v], moment = feedback_.moment[v], key = feedback_.keys.of_voice(v);
    const std::int64_t to = feedback_.time[v], from = opens(to);
    const bool keyed = key != VoiceKeys::none, named = moment != Feedback::no_moment;
    if (keyed) {
      const auto linked = named ? by_both_.find(customer, both_links(key, moment), INT64_MIN, to) : by_key_.find(customer, key, INT64_MIN, to);
      if (!linked.empty()) return {Candidates(linked), named ? How::named : How::key};
    }
    const Candidates found = named ? Candidates(by_moment_.find(customer, moment, from, to)) : within(customer, from, to);
    return {found, found.size() == 0 ? How::unattributed : named ? How::named : How::model};
  }

 private:
  [[nodiscard]] std::uint64_t both_links(std::uint64_t key, std::uint64_t moment) const { return key * moments_ + moment; }

  [[nodiscard]] std::int64_t opens(std::int64_t time) const { return micros(advance(timestamp(time), horizon_, matches_.log->zone(), -1)); }

  [[nodiscard]] Candidates within(std::uint32_t customer, std::int64_t from, std::int64_t to) const {
    const auto life = matches_.of_customer(customer);
    const auto first = std::partition_point(life.begin(), life.end(), [&](const Occurrence& o) { return o.time < from; });
    const auto end = std::partition_point(first, life.end(), [&](const Occurrence& o) { return o.time <= to; });
    const std::uint64_t offset = matches_.offsets[customer];
    return {offset + static_cast<std::uint64_t>(first - life.begin()), offset + static_cast<std::uint64_t>(end - life.begin())};
  }

  const Feedback& feedback_;
  const Matches& matches_;
  Duration horizon_;
  std::uint64_t moments_;
  LinkIndex by_key_, by_moment_, by_both_;
};

}  // namespace sojourn
