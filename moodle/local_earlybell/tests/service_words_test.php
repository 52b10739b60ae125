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

namespace local_earlybell;

use local_earlybell\local\service_words;

/**
 * What the service says, in the reader's language.
 *
 * @covers \local_earlybell\local\service_words
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class service_words_test extends \advanced_testcase {
    #[\Override]
    public function setUp(): void {
        parent::setUp();
        $this->resetAfterTest();
    }

    /**
     * Read in Arabic from here on: the site has a pack of that language, as small as can be.
     */
    private function read_arabic(): void {
        global $CFG;
        $pack = "$CFG->langotherroot/ar";
        make_writable_directory($pack);
        file_put_contents("$pack/langconfig.php", "<?php\n\$string['thislanguage'] = 'العربية';\n\$string['thisdirection'] = 'rtl';\n");
        get_string_manager()->reset_caches(true);
        force_current_language('ar');
    }

    /**
     * A reason as the service gives it.
     *
     * @param string $feature
     * @param float $value
     * @param string $words
     * @return array
     */
    private static function reason(string $feature, float $value, string $words = 'as the service says'): array {
        return ['feature' => $feature, 'value' => $value, 'effect' => .4, 'words' => $words, 'changeable' => true];
    }

    public function test_in_english_the_words_are_the_services(): void {
        $words = 'no activity for 12 days';
        $this->assertSame(['words' => $words, 'lang' => 'en'], service_words::reason(self::reason('days_since_activity', 12, $words)));
        $change = ['words' => 'The model would say low if: active on 5 of the last 7 days (now: active on 1 of the last 7 days).', 'band' => 'low',
            'changes' => [self::reason('active_days_last_7', 1) + ['to' => 5, 'words_to' => 'b', 'follows' => false]]];
        $this->assertSame(['words' => $change['words'], 'lang' => 'en'], service_words::change($change));
        $correction = ['words' => 'This course looks harder.', 'basis' => 'earlier_runs', 'runs' => 3, 'mean_risk' => .2, 'corrected_risk' => .26,
            'doubt' => 'course_level'];
        $this->assertSame(['words' => $correction['words'], 'lang' => 'en'], service_words::correction($correction));
    }

    public function test_another_language_says_it_from_feature_and_value(): void {
        $this->read_arabic();
        $says = fn(string $feature, float $value): array => service_words::reason(self::reason($feature, $value));
        $this->assertSame(['words' => 'أيام بلا أي نشاط: 12', 'lang' => ''], $says('days_since_activity', 12));
        $this->assertSame('نسبة الأعمال المستحقة التي لم تُسلَّم: 40%', $says('missed_share', .4)['words']);
        $this->assertSame('أيام النشاط في الأسبوع: 2.3', $says('active_days_per_week', 2.26)['words']);
        $this->assertSame('متوسط الدرجات من 100: 64', $says('mean_score', 63.7)['words']);
    }

    public function test_a_value_that_is_not_known_is_said_to_be_so(): void {
        $this->read_arabic();
        $effect = ['value' => null] + self::reason('forum_per_week', 0, 'Forum: clicks a week: not known');
        $this->assertSame(['words' => 'نقرات المنتديات والدردشة في الأسبوع: غير معروف', 'lang' => ''], service_words::reason($effect));
        // Its words say one of two things, and nobody knows which.
        $effect = ['value' => null] + self::reason('missed_last', 0, 'Latest work missed: not known');
        $this->assertSame(['words' => 'Latest work missed: not known', 'lang' => 'en'], service_words::reason($effect));
    }

    public function test_a_correction_of_which_too_little_is_stored_stays_in_the_services_words(): void {
        $this->read_arabic();
        $whole = ['words' => 'Harder.', 'shift' => .3, 'basis' => 'earlier_runs', 'runs' => 3, 'mean_risk' => .2, 'corrected_risk' => .26];
        $this->assertSame('', service_words::correction($whole)['lang']);
        foreach ([['basis' => 'none'], ['runs' => 0], ['mean_risk' => null], ['corrected_risk' => null], ['basis' => 'of_old']] as $less) {
            $this->assertSame(['words' => 'Harder.', 'lang' => 'en'], service_words::correction($less + $whole));
        }
        $this->assertStringContainsString('كما هي', service_words::correction(['basis' => 'none', 'shift' => 0] + $whole)['words']);
    }

    public function test_in_a_language_without_words_of_its_own_a_change_is_english_as_a_whole(): void {
        $change = ['words' => 'The model would say low if: b (now: a).', 'band' => 'low',
            'changes' => [self::reason('missed_work', 2) + ['to' => 1, 'words_to' => 'b', 'follows' => false]]];
        $this->assertSame(['words' => $change['words'], 'lang' => 'en'], service_words::change($change));
    }

    public function test_a_sign_turns_the_words(): void {
        $this->read_arabic();
        $says = fn(string $feature, float $value): string => service_words::reason(self::reason($feature, $value))['words'];
        $this->assertSame('متوسط التسليم قبل الموعد النهائي بالأيام: 3', $says('mean_delay_days', -3));
        $this->assertSame('متوسط التسليم بعد الموعد النهائي بالأيام: 3', $says('mean_delay_days', 3));
        $this->assertSame('سُلِّم آخر عمل مستحق', $says('missed_last', 0));
        $this->assertSame('لم يُسلَّم آخر عمل مستحق', $says('missed_last', 1));
    }

    public function test_what_no_pack_knows_stays_english_and_is_marked_so(): void {
        $this->read_arabic();
        $this->assertSame(['words' => 'library visits: 3', 'lang' => 'en'], service_words::reason(self::reason('library_visits', 3, 'library visits: 3')));
        $this->assertSame(['words' => 'Harder.', 'lang' => 'en'], service_words::correction(['words' => 'Harder.']));
        $this->assertNull(service_words::correction(null));
        $this->assertNull(service_words::change(null));
    }

    public function test_a_change_and_a_correction_in_another_language(): void {
        $this->read_arabic();
        $chosen = self::reason('missed_work', 2) + ['to' => 1, 'words_to' => 'b', 'follows' => false];
        $beside = self::reason('missed_share', .5) + ['to' => .25, 'words_to' => 'b', 'follows' => true];
        $change = ['words' => 'English', 'band' => 'medium', 'changes' => [$chosen]];
        $this->assertStringContainsString('الأعمال التي لم تُسلَّم: 1 (الآن: الأعمال التي لم تُسلَّم: 2)', service_words::change($change)['words']);
        $change['changes'][] = $beside;
        $this->assertStringContainsString('25% (الآن: نسبة الأعمال المستحقة التي لم تُسلَّم: 50%)', service_words::change($change)['words']);
        $this->assertStringContainsString('لم يُعثر', service_words::change(['changes' => []] + $change)['words']);
        $correction = ['words' => 'English', 'basis' => 'earlier_runs', 'runs' => 3, 'mean_risk' => .2, 'corrected_risk' => .26];
        $said = service_words::correction($correction)['words'];
        foreach (['أصعب', ': 6،', ': 3'] as $part) {
            $this->assertStringContainsString($part, $said);
        }
        $this->assertStringContainsString('أسهل', service_words::correction(['corrected_risk' => .1] + $correction)['words']);
        $this->assertStringContainsString('كالمقررات', service_words::correction(['corrected_risk' => .205] + $correction)['words']);
        $this->assertStringContainsString('ولا يُعطى', service_words::correction($correction + ['doubt' => 'course_level'])['words']);
    }
}
