// The insurer's vocabulary: events, moments of truth, lines of business, sources and topics of feedback, reasons. The names of events and
// moments are those of the journey file insurer.json.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sojourn::datasets {

enum class Happening : std::uint8_t {
  quote,
  quote_referred,
  referral_answered,
  bind,
  first_payment,
  documents_issued,
  documents_corrected,
  effective,
  welcome_call,
  bill,
  payment_failed,
  payment_cured,
  change_request,
  contact,
  owner_assigned,
  notice_of_loss,
  redirected,
  adjuster_contact,
  claim_settled,
  claim_closed,
  follow_up,
  renewal_offer,
  renewal_call,
  thank_you,
  household_left
};
inline constexpr std::array<std::string_view, 25> happening_names = {"quote",
                                                                     "quote_referred",
                                                                     "referral_answered",
                                                                     "bind",
                                                                     "first_payment",
                                                                     "documents_issued",
                                                                     "documents_corrected",
                                                                     "effective",
                                                                     "welcome_call",
                                                                     "bill",
                                                                     "payment_failed",
                                                                     "payment_cured",
                                                                     "change_request",
                                                                     "contact",
                                                                     "owner_assigned",
                                                                     "notice_of_loss",
                                                                     "redirected",
                                                                     "adjuster_contact",
                                                                     "claim_settled",
                                                                     "claim_closed",
                                                                     "follow_up",
                                                                     "renewal_offer",
                                                                     "renewal_call",
                                                                     "thank_you",
                                                                     "household_left"};

/// The fifteen moments of truth, in the journey's order.
enum class Truth : std::uint8_t {
  first_quote,
  quote_referred,
  bind,
  documents,
  no_welcome_call,
  first_bill,
  payment_failed,
  change_request,
  third_contact,
  notice_of_loss,
  adjuster_contact,
  repaired,
  no_follow_up,
  renewal_rise,
  tenth_anniversary,
  none
};
inline constexpr std::size_t truths = 15;
inline constexpr std::array<std::string_view, truths> truth_names = {
    "first_quote",      "quote_referred", "bind",           "documents",     "no_welcome_call",
    "first_bill",       "payment_failed", "change_request", "third_contact", "notice_of_loss",
    "adjuster_contact", "repaired",       "no_follow_up",   "renewal_rise",  "tenth_anniversary"};
/// The KPI of each moment, as the journey file names it.
inline constexpr std::array<std::string_view, truths> kpi_names = {"quotes bindable without referral",
                                                                   "referral answered within a day",
                                                                   "first payment clears within 10 days",
                                                                   "no correction within 30 days",
                                                                   "reached after all within 30 days",
                                                                   "within 1% of the quoted premium",
                                                                   "cured within 20 days",
                                                                   "done in one contact",
                                                                   "owner assigned within a day",
                                                                   "handled without redirect",
                                                                   "within 24 hours of notice",
                                                                   "within 14 days of notice",
                                                                   "followed up after all within 30 days",
                                                                   "explained by a person within 14 days",
                                                                   "acknowledged within 30 days"};

enum class Line : std::uint8_t { car, home, boat, motorcycle, umbrella };
inline constexpr std::size_t lines = 5;

enum class Source : std::uint8_t { survey, call, email, review, social };
inline constexpr std::size_t sources = 5;
inline constexpr std::array<std::string_view, sources> source_names = {"survey", "call", "email", "review", "social"};

inline constexpr std::size_t topics = 8;
inline constexpr std::array<std::string_view, topics> topic_names = {"price",     "speed",   "clarity",    "courtesy",
                                                                     "documents", "payment", "settlement", "effort"};
/// What people say of a topic: displeased, displeased in other words, pleased.
inline constexpr std::array<std::array<std::string_view, 3>, topics> sentences = {{
    {"It costs far more than I was told it would.", "My premium keeps rising and nobody can say why.", "A fair price for what we get."},
    {"I have been waiting for days.", "Nothing happens unless I ask again.", "Sorted out the same day, thank you."},
    {"I still do not know what happens next.", "Three people told me three different things.", "Everything was explained in plain words."},
    {"I was treated like a number.", "Nobody so much as said sorry.", "Friendly and patient from start to end."},
    {"The papers show the wrong address.", "I never got my policy documents.", "Documents arrived complete and correct."},
    {"The payment was taken twice.", "The bill is not what we agreed on.", "Paying was simple."},
    {"The offer does not cover the repair.", "My claim is still not settled.", "The car came back as good as new."},
    {"I had to call again and again for one small change.", "Passed from desk to desk.", "One call and it was done."},
}};

/// Groups that answer more, or less, often than others; a household's segment.
enum class Segment : std::uint8_t { young, middle, old };
inline constexpr std::size_t segments = 3;
inline constexpr std::array<std::string_view, segments> segment_names = {"under 35", "35 to 59", "60 and over"};

/// Why a household left.
enum class Exit : std::uint8_t { price, service, claim, billing, non_payment, competitor, moved_away, no_need };
inline constexpr std::array<std::string_view, 8> exit_names = {"price",       "service",    "claim",      "billing",
                                                               "non-payment", "competitor", "moved away", "no longer needed"};

/// Why a silo's record differs from the company's count: the words of a bridge between ledgers.
enum class Why : std::uint8_t { nothing, matched, timing, rewrite, grain, rule, identity, no_event_there };
inline constexpr std::array<std::string_view, 8> why_names = {"", "matched", "timing", "rewrite", "grain", "rule", "identity", "no event there"};

/// Fifteen situations in which silos count apart, with known answers (docs/data/insurer.md).
inline constexpr std::array<std::string_view, 15> case_names = {"one new household, auto only, pays",
                                                                "new household, auto+home+boat",
                                                                "sold, never paid, flat-cancelled",
                                                                "sold in March, effective in April",
                                                                "existing auto household adds home, new e-mail",
                                                                "moves house: cancel and rewrite, same account",
                                                                "rolled to sister company",
                                                                "non-pay cancel, reinstated same month",
                                                                "non-pay cancel, reinstated next month (<30 d)",
                                                                "drops boat, keeps auto",
                                                                "boat laid up in autumn, rewritten in spring, no other policy",
                                                                "leaves, 2 policies, agent never closes CRM",
                                                                "home only, mortgagee pays the bill, leaves",
                                                                "lost 5 months ago, comes back to same account",
                                                                "couple splits: second household formed, second policy"};

}  // namespace sojourn::datasets
