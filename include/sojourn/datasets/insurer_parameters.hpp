// What may be asked of the generated insurer, and the invented figures it lives by. Every figure here is invented; none was measured at an
// insurer. They were chosen so that the silos disagree as silos do; docs/data/insurer.md lists them with their consequences.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "sojourn/core/duration.hpp"
#include "sojourn/core/error.hpp"
#include "sojourn/core/time.hpp"
#include "sojourn/datasets/insurer_words.hpp"

namespace sojourn::datasets {

/// How long after a moment its voice is heard: the shape of the delay; its mean is the moment's own. All are cut at 60 days.
enum class Delay { exponential, weibull, lognormal };

struct InsurerParameters {
  std::int64_t customers = 20'000;  ///< Households; couples that split add about five in a hundred.
  std::uint64_t seed = 7;
  int months = 24;              ///< Length of the observation, which ends with June 2026; the histories reach ten years further back.
  double background = 0.2;      ///< Share of voices about nothing in particular, as expected with the default `response`.
  double missing_topics = 0.2;  ///< Share of voices without a topic.
  Delay delay = Delay::exponential;
  double together = 0.0;                  ///< Share of claims whose adjuster calls within the hour: two moments nobody can tell apart by time.
  double match_errors = 0.02;             ///< Share of the CRM's and billing's records that the crosswalk links to no household.
  double response = 1.0;                  ///< Multiplies the chance of every voice that a moment causes.
  Truth fault = Truth::adjuster_contact;  ///< The moment that degrades.
  double fault_size = 0.4;                ///< By how much its KPI falls, from `Calendar::fault` on.
};

/// The days on which the insurer's story turns.
struct Calendar {
  Day start, end;              // the observation: [start, end)
  Day history;                 // the first quote of the oldest household lies no earlier
  Day fault;                   // from here on one moment degrades
  Day rise;                    // from here on more renewals rise by over 10%
  Day campaign, campaign_end;  // existing households are sold more policies
  Day month;                   // the month to show: the last one that all silos have finished booking

  explicit Calendar(int months) {
    end = std::chrono::local_days{std::chrono::year{2026} / 7 / 1};
    start = add_months(end, -months);
    history = add_months(start, -120);
    const auto before_end = [&](double share) {
      return end - std::chrono::days{static_cast<int>(share * static_cast<double>((end - start).count()))};
    };
    fault = before_end(0.31);
    rise = before_end(0.37);
    campaign = before_end(0.21);
    campaign_end = before_end(0.08);
    month = add_months(end, -4);
  }
};

/// Invented figures. Rates are per household and year, lags in days.
namespace insurer_rates {

inline constexpr double established = 0.62;  // share of households that are customers before the observation starts
inline constexpr double binds = 0.64;        // share of quotes that are bound
inline constexpr double never_pays = 0.05;   // share of sales that are never paid, and cancelled flat
inline constexpr double mortgagee = 0.3;     // share of homes whose bill a mortgagee pays

inline constexpr double contacts = 0.7, claims = 0.17, changes = 0.3, adds = 0.09, drops = 0.05, rekeys = 0.14, splits = 0.012, rolls = 0.04;
inline constexpr double campaign_factor = 1.7;  // of `adds`, during the campaign
inline constexpr double leaves = 0.12;          // competitor, moved away, no longer needed; bundled households half of it
inline constexpr double laid_up = 0.45;         // share of boats in an autumn

inline constexpr double new_account = 0.55;   // added policies that get a CRM account of their own
inline constexpr double entered_twice = 0.1;  // new customers keyed twice into the CRM
inline constexpr double booked_late = 0.06;
inline constexpr double crm_closed = 0.35;       // CRM accounts that are closed when the household leaves
inline constexpr double billing_closed = 0.985;  // billing accounts likewise
inline constexpr double rekeyed_closed = 0.06;   // old billing accounts that are closed when a new one replaces them
inline constexpr double rekeyed_links = 7;       // times `match_errors`: new numbers are often unknown to the crosswalk
inline constexpr double comes_back = 0.08;

/// What new households buy, and the premium a year of each line: car, home, boat, motorcycle, umbrella.
struct Bundle {
  double share;
  std::array<Line, 3> sold;
  std::size_t count;
};
inline constexpr std::array<Bundle, 7> bundles = {{{0.5, {Line::car}, 1},
                                                   {0.22, {Line::car, Line::home}, 2},
                                                   {0.1, {Line::home}, 1},
                                                   {0.05, {Line::car, Line::home, Line::boat}, 3},
                                                   {0.03, {Line::boat}, 1},
                                                   {0.05, {Line::car, Line::motorcycle}, 2},
                                                   {0.05, {Line::car, Line::home, Line::umbrella}, 3}}};
inline constexpr std::array<double, lines> premium = {1100, 1400, 450, 500, 280};
inline constexpr std::array<double, lines> wanted = {1.0, 1.6, 0.25, 0.4, 0.8};  // by households that have no such policy yet

/// Share of occurrences whose KPI is met, at the start and at the end of the observation (it drifts in between).
inline constexpr std::array<std::array<double, 2>, truths> kept = {{{0.87, 0.86},
                                                                    {0.91, 0.88},
                                                                    {0.97, 0.97},
                                                                    {0.97, 0.975},
                                                                    {0.72, 0.76},
                                                                    {0.985, 0.955},
                                                                    {0.86, 0.87},
                                                                    {0.8, 0.79},
                                                                    {0.94, 0.96},
                                                                    {0.92, 0.93},
                                                                    {0.95, 0.95},
                                                                    {0.75, 0.73},
                                                                    {0.74, 0.79},
                                                                    {0.78, 0.74},
                                                                    {0.85, 0.92}}};
/// Voices for an occurrence of each moment.
inline constexpr std::array<double, truths> voices = {0.09, 0.3, 0.13, 0.11, 0.16, 0.15, 0.18, 0.17, 0.4, 0.2, 0.22, 0.3, 0.22, 0.16, 0.07};
/// Mean days from a moment to its voice.
inline constexpr std::array<double, truths> delay = {3, 2.5, 5, 6, 8, 4, 3, 3.5, 2, 2, 4, 7, 9, 6, 10};
/// Mean score when the KPI was met, and when it was not; a standard deviation of 1.8 around it.
inline constexpr std::array<std::array<double, 2>, truths> score = {{{7.6, 5.5},
                                                                     {6.6, 4.2},
                                                                     {8.4, 5.8},
                                                                     {8.2, 4.8},
                                                                     {6.4, 5.0},
                                                                     {8.0, 3.6},
                                                                     {6.2, 4.2},
                                                                     {8.3, 4.6},
                                                                     {4.6, 3.0},
                                                                     {7.6, 4.8},
                                                                     {8.4, 3.8},
                                                                     {8.8, 4.9},
                                                                     {6.2, 4.4},
                                                                     {6.4, 3.8},
                                                                     {9.0, 7.2}}};
/// Where the voices of a moment come from: survey, call, email, review, social. A zero is a silence.
inline constexpr std::array<std::array<double, sources>, truths> heard = {{{0, 3, 3, 2, 2},
                                                                           {0, 6, 3, 1, 0},
                                                                           {6, 2, 1, 2, 0},
                                                                           {0, 4, 5, 0, 0},
                                                                           {0, 5, 2, 2, 0},
                                                                           {0, 6, 4, 0, 0},
                                                                           {0, 7, 3, 0, 0},
                                                                           {5, 4, 2, 0, 0},
                                                                           {0, 7, 2, 2, 2},
                                                                           {3, 6, 1, 0, 1},
                                                                           {0, 6, 2, 2, 1},
                                                                           {7, 2, 1, 3, 1},
                                                                           {0, 4, 3, 2, 1},
                                                                           {0, 5, 3, 2, 3},
                                                                           {0, 0, 2, 1, 1}}};
inline constexpr std::array<double, sources> background_heard = {0, 3, 2, 2, 3};
/// What the voices of a moment are about: price, speed, clarity, courtesy, documents, payment, settlement, effort; the last row: of none.
inline constexpr std::array<std::array<double, topics>, truths + 1> about = {{{6, 2, 2, 1, 0.2, 0.2, 0.1, 0.5},
                                                                              {1, 6, 3, 1, 0.2, 0.1, 0.1, 2},
                                                                              {2, 1, 3, 3, 2, 2, 0.1, 1},
                                                                              {0.3, 2, 1, 0.5, 8, 0.3, 0.1, 1},
                                                                              {0.2, 1, 3, 6, 1, 0.2, 0.1, 1},
                                                                              {4, 0.3, 2, 0.3, 0.5, 7, 0.1, 0.5},
                                                                              {0.5, 0.5, 1, 1, 0.2, 8, 0.1, 1},
                                                                              {0.5, 3, 1, 2, 1.5, 0.3, 0.1, 6},
                                                                              {0.2, 3, 3, 2, 0.3, 0.3, 0.5, 8},
                                                                              {0.1, 3, 4, 4, 0.2, 0.1, 1, 2},
                                                                              {0.1, 8, 3, 2, 0.1, 0.1, 1, 2},
                                                                              {0.3, 3, 1, 1, 0.2, 0.5, 8, 1},
                                                                              {0.1, 1, 4, 5, 0.2, 0.3, 3, 1},
                                                                              {9, 0.2, 3, 1, 0.2, 0.5, 0.1, 0.5},
                                                                              {2, 0.2, 0.5, 6, 0.2, 0.2, 0.2, 0.2},
                                                                              {3, 1.5, 1.5, 2, 1, 1, 0.7, 1.5}}};
/// Voices of a household and year that moments cause, with the default figures; the background is set against it.
inline constexpr double caused = 0.5;

inline constexpr std::array<double, segments> segment_share = {0.28, 0.44, 0.28};
inline constexpr std::array<double, segments> segment_answers = {0.55, 1.0, 1.5};
inline constexpr std::array<double, segments> segment_score = {-0.6, 0.0, 0.5};

}  // namespace insurer_rates

inline void check(const InsurerParameters& p) {
  const auto share = [](const char* name, double value) {
    if (!(value >= 0 && value <= 1)) refuse("insurer", std::string(name) + "=" + std::to_string(value), "a share from 0 to 1");
  };
  if (p.customers < 1 || p.customers > 10'000'000) refuse("insurer", "customers=" + std::to_string(p.customers), "1 to 10,000,000");
  if (p.months < 6 || p.months > 120) refuse("insurer", "months=" + std::to_string(p.months), "6 to 120");
  share("missing_topics", p.missing_topics);
  share("together", p.together);
  share("match_errors", p.match_errors);
  share("fault_size", p.fault_size);
  if (!(p.background >= 0 && p.background <= 0.9)) refuse("insurer", "background=" + std::to_string(p.background), "a share from 0 to 0.9");
  if (!(p.response >= 0 && p.response <= 5)) refuse("insurer", "response=" + std::to_string(p.response), "a factor from 0 to 5");
}

}  // namespace sojourn::datasets
