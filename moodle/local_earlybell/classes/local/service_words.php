<?php
// This file is part of Moodle - https://moodle.org/
//
// Moodle is free software: you can redistribute it and/or modify
// it under the terms of the GNU General Public License as published by
// the Free Software Foundation, either version 3 of the License, or
// (at your option) any later version.
//
// Moodle is distributed in the hope that it will be useful,
// but WITHOUT ANY WARRANTY; without even the implied warranty of
// MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the
// GNU General Public License for more details.
//
// You should have received a copy of the GNU General Public License
// along with Moodle.  If not, see <https://www.gnu.org/licenses/>.

namespace local_earlybell\local;

/**
 * What the service says in English, in the reader's language.
 *
 * A language pack says it anew from the feature and its value: see "Translate" in the plugin's README. The English pack
 * repeats the service's words, which have their one place there. They also stay where a pack says nothing of its own.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class service_words {
    /** Features that say one thing below a value and another from it on, written without their sign. */
    private const TURNS = ['activity_trend' => 0, 'days_enrolled_before_start' => 0, 'mean_delay_days' => 0, 'missed_last' => .5,
        'score_change' => 0, 'test_gain' => 0];
    /** Risks that moved by fewer points are as they were. */
    private const LEAST_POINTS = 1;

    /**
     * A reason or an effect.
     *
     * @param array $reason feature, words, and value, which is null where it is not known
     * @return array words, and lang: the language that they are in where it is not the reader's
     */
    public static function reason(array $reason): array {
        return self::said(self::feature((string) $reason['feature'], $reason['value'] ?? null, (string) $reason['words']), $reason['words']);
    }

    /**
     * The smallest change.
     *
     * @param array|null $found the service's counterfactual
     * @return array|null words, and lang; null without one
     */
    public static function change(?array $found): ?array {
        $words = (string) ($found['words'] ?? '');
        $band = (string) ($found['band'] ?? '');
        if ($words === '') {
            return null;
        }
        if ($band === '' || !isset($found['changes'])) {
            return self::said($words, $words);
        }
        $values = ['words' => $words, 'band' => get_string("band_$band", 'local_earlybell')];
        $chosen = array_filter($found['changes'], fn(array $change): bool => empty($change['follows']));
        if (!$chosen) {
            $why = in_array($band, ['high', 'medium'], true) ? 'none' : $band;
            return self::said(get_string("says_change_$why", 'local_earlybell', $values), $words);
        }
        if (get_string('says_change', 'local_earlybell', $values + ['changes' => '', 'beside' => '']) === $words) {
            return self::said($words, $words);    // As in English, or in a pack that does not say it yet.
        }
        $values['changes'] = self::changes($chosen);
        $beside = array_filter($found['changes'], fn(array $change): bool => !empty($change['follows']) && $change['words'] !== $change['words_to']);
        $values['beside'] = self::changes($beside);
        return self::said(get_string($beside ? 'says_change_beside' : 'says_change', 'local_earlybell', $values), $words);
    }

    /**
     * What a correction did to the risks of a course, and why.
     *
     * @param array|null $correction
     * @return array|null words, and lang; null without one
     */
    public static function correction(?array $correction): ?array {
        $words = (string) ($correction['words'] ?? '');
        if ($words === '') {
            return null;
        }
        $points = isset($correction['corrected_risk'], $correction['mean_risk'])
            ? 100 * ($correction['corrected_risk'] - $correction['mean_risk']) : null;
        $how = self::how($correction, $points);
        if ($how === '') {
            return self::said($words, $words);
        }
        $values = ['words' => $words, 'points' => (int) round(abs($points ?? 0)), 'runs' => (int) ($correction['runs'] ?? 0)];
        $said = get_string("says_correction_$how", 'local_earlybell', $values);
        if (!empty($correction['doubt'])) {
            $said = get_string('says_correction_doubt', 'local_earlybell', ['words' => $words, 'correction' => $said]);
        }
        return self::said($said, $words);
    }

    /**
     * What a correction did, and what it comes from: the end of a string's key.
     *
     * @param array $correction
     * @param float|null $points by which it raised the mean risk
     * @return string empty where its fields do not say it
     */
    private static function how(array $correction, ?float $points): string {
        $basis = $correction['basis'] ?? '';
        if ($basis === 'none') {
            return empty($correction['shift']) ? 'none' : '';
        }
        $from = ['earlier_runs' => 'earlier', 'other_courses' => 'others'][$basis] ?? '';
        if ($from === '' || empty($correction['runs']) || $points === null) {
            return '';
        }
        return (abs($points) < self::LEAST_POINTS ? 'alike' : ($points > 0 ? 'harder' : 'easier')) . "_$from";
    }

    /**
     * Changes, one after the other.
     *
     * @param array[] $changes
     * @return string
     */
    private static function changes(array $changes): string {
        return implode(get_string('says_and', 'local_earlybell'), array_map(fn(array $change): string => get_string(
            'says_change_to',
            'local_earlybell',
            [
                'to' => self::feature($change['feature'], $change['to'], $change['words_to']),
                'now' => self::feature($change['feature'], $change['value'], $change['words']),
            ]
        ), $changes));
    }

    /**
     * What a feature's value says.
     *
     * @param string $feature
     * @param float|null $value
     * @param string $words the service's
     * @return string
     */
    private static function feature(string $feature, ?float $value, string $words): string {
        $turn = self::TURNS[$feature] ?? null;
        $key = "says_$feature" . ($turn === null ? '' : ($value >= $turn ? '_above' : '_below'));
        if (!get_string_manager()->string_exists($key, 'local_earlybell') || ($value === null && $turn !== null)) {
            return $words;
        }
        $values = array_fill_keys(['number', 'decimal', 'percent'], get_string('says_unknown', 'local_earlybell'));
        if ($value !== null) {
            $size = $turn === null ? $value : abs($value);
            $values = ['number' => format_float($size, 0), 'decimal' => format_float($size, 1), 'percent' => words::percent($size)];
        }
        return get_string($key, 'local_earlybell', ['words' => $words] + $values);
    }

    /**
     * Words with the language that they are in.
     *
     * @param string $said
     * @param string $words the service's
     * @return array
     */
    private static function said(string $said, string $words): array {
        return ['words' => $said, 'lang' => $said === $words ? 'en' : ''];
    }
}
