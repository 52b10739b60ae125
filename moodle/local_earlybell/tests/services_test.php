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

use core_external\external_api;
use core_privacy\local\request\approved_contextlist;
use core_privacy\local\request\approved_userlist;
use core_privacy\local\request\userlist;
use core_privacy\local\request\writer;
use local_earlybell\external\count_log;
use local_earlybell\external\extract;
use local_earlybell\external\get_site;
use local_earlybell\external\set_corrections;
use local_earlybell\local\actions;
use local_earlybell\local\pseudonym;
use local_earlybell\local\risks;
use local_earlybell\privacy\provider;

defined('MOODLE_INTERNAL') || die();

require_once(__DIR__ . '/service_testcase.php');

/**
 * Web services, privacy, backup, digest, cleaning up.
 *
 * @covers \local_earlybell\external\count_log
 * @covers \local_earlybell\external\extract
 * @covers \local_earlybell\external\get_site
 * @covers \local_earlybell\local\raw_tables
 * @covers \local_earlybell\external\set_corrections
 * @covers \local_earlybell\privacy\provider
 * @covers \local_earlybell\task\digest
 * @covers \local_earlybell\task\cleanup
 * @covers \local_earlybell\task\refresh
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
final class services_test extends service_testcase {
    /**
     * Call the extract, as its service does.
     *
     * @param string $table
     * @param int $afterid
     * @param int $ids
     * @return array
     */
    private function extract(string $table, int $afterid = 0, int $ids = 1000): array {
        return external_api::clean_returnvalue(extract::execute_returns(), extract::execute($table, SITEID . "000,{$this->course->id}", $afterid, $ids));
    }

    /**
     * All rows of a table, by pages of so many ids.
     *
     * @param string $table
     * @param int $ids
     * @return string[][]
     */
    private function rows(string $table, int $ids): array {
        $lines = '';
        $after = 0;
        do {
            $page = $this->extract($table, $after, $ids);
            $lines .= $page['rows'];
            $this->assertTrue($page['lastid'] > $after || !$page['more'], 'a page goes on');
            $after = $page['lastid'];
        } while ($page['more']);
        return array_map(
            fn(string $line): array => array_combine(explode(' ', $page['columns']), str_getcsv($line, ',', '"', '')),
            array_filter(explode("\n", $lines))
        );
    }

    public function test_the_extract_pages_through_what_was_done_without_what_was_written(): void {
        global $DB;
        $this->predict_all();
        $ids = [];
        foreach (['message', 'dismiss', 'wrong', 'note'] as $i => $kind) {
            $ids[] = actions::add($kind, $this->course->id, $this->learners[$i % 3]->id, $this->teacher->id, time(), [
                'text' => 'Ann is ill', 'reason' => $kind === 'dismiss' ? 'agreed' : '',
            ]);
        }
        actions::undo($ids[0], $this->teacher->id, time());
        actions::add('contest', $this->course->id, $this->learners[0]->id, $this->learners[0]->id, time(), ['text' => 'No']);
        actions::opt($this->course->id, $this->learners[2]->id, true, time());
        $this->setAdminUser();
        foreach ([1, 3, 1000] as $size) {
            $rows = $this->rows('local_earlybell_action', $size);
            $this->assertSame(['message', 'dismiss', 'wrong', 'note', 'undo', 'contest', 'optout'], array_column($rows, 'kind'));
            $this->assertEquals($this->learners[0]->id, $rows[0]['userid']);
            $this->assertGreaterThan(0, $rows[0]['timeundone']);
            $this->assertStringNotContainsString('ill', json_encode($rows), 'what was written stays in Moodle');
        }
        $this->assertEquals([$this->learners[2]->id], array_column($this->rows('local_earlybell_optout', 10), 'userid'));
        $DB->insert_record('local_earlybell_arm', ['courseid' => $this->course->id, 'userid' => $this->learners[0]->id, 'arm' => 'held_out',
            'block' => 3, 'timedrawn' => 5, 'timerecorded' => 6, 'timeflagged' => 7]);
        [$arm] = $this->rows('local_earlybell_arm', 10);
        $expected = [$this->learners[0]->id, 'held_out', '3', '5', '6', '7', '0'];
        $this->assertEquals($expected, array_slice(array_values($arm), 2));
        $this->assertSame('', $this->extract('local_earlybell_action', (int) end($rows)['id'])['rows']);
    }

    public function test_the_extract_has_rows_of_the_courses_alone_and_no_names(): void {
        $other = $this->getDataGenerator()->create_course();
        $this->getDataGenerator()->create_and_enrol($other, 'student');
        $this->setAdminUser();
        foreach (\local_earlybell\local\raw_tables::present() as $table) {
            $all = json_encode($this->rows($table, 1000));
            $this->assertStringNotContainsString($this->learners[0]->lastname, $all, $table);
            $this->assertStringNotContainsString($this->learners[0]->email, $all, $table);
        }
        $this->assertEquals([$this->course->id], array_unique(array_column($this->rows('enrol', 1000), 'courseid')));
        $this->assertNotEmpty($this->rows('user_enrolments', 1000));
        $this->expectException(\invalid_parameter_exception::class);
        $this->extract('user_info_data');
    }

    public function test_the_log_is_extracted_without_anonymous_rows_and_what_pages_put_into_it(): void {
        global $DB;
        $row = ['eventname' => '\e', 'component' => 'mod_page', 'action' => 'viewed', 'target' => 'course_module', 'objecttable' => '',
            'objectid' => 7, 'crud' => 'r', 'edulevel' => 2, 'contextid' => 1, 'contextlevel' => 70, 'contextinstanceid' => 1,
            'userid' => $this->learners[0]->id, 'courseid' => $this->course->id, 'anonymous' => 0, 'origin' => 'web', 'other' => '"secret"'];
        $DB->delete_records('logstore_standard_log');
        $gone = ['component' => 'core', 'action' => 'deleted', 'target' => 'user_enrolment', 'other' => '{"a":"x, \"y\""}'];
        foreach ([['timecreated' => 100], ['timecreated' => 200, 'anonymous' => 1], ['timecreated' => 300, 'courseid' => SITEID],
            $gone + ['timecreated' => 400], ['timecreated' => 500, 'origin' => null]] as $more) {
            $DB->insert_record('logstore_standard_log', $more + $row);
        }
        $this->setAdminUser();
        $rows = $this->rows('logstore_standard_log', 2);
        $this->assertEquals([100, 400, 500], array_column($rows, 'timecreated'));
        $this->assertSame(['', $gone['other'], ''], array_column($rows, 'other'));
    }

    /**
     * The blocks of the log, as its service counts them.
     *
     * @param int $block
     * @param int $start
     * @param int $end
     * @param string $courses
     * @return array
     */
    private function count_log(int $block, int $start, int $end, string $courses = ''): array {
        return external_api::clean_returnvalue(count_log::execute_returns(), count_log::execute($block, $start, $end, $courses));
    }

    public function test_the_log_is_counted_by_blocks_of_ids_and_read_up_to_an_id(): void {
        global $DB;
        $this->setAdminUser();
        $DB->delete_records('logstore_standard_log');
        $this->assertSame(['first' => 0, 'last' => 0, 'oldest' => 0, 'blocks' => []], $this->count_log(4, 0, 100));
        $ids = [];
        foreach ([$this->course->id, SITEID, $this->course->id, $this->course->id, SITEID, SITEID] as $i => $courseid) {
            $ids[] = $DB->insert_record('logstore_standard_log', ['eventname' => '\e', 'component' => 'core', 'action' => 'viewed',
                'target' => 'course', 'crud' => 'r', 'edulevel' => 2, 'contextid' => 1, 'contextlevel' => 50, 'contextinstanceid' => 1,
                'userid' => 40 + $i, 'courseid' => $courseid, 'anonymous' => 0, 'timecreated' => 900 - $i]);
        }
        $counts = $this->count_log(4, min($ids), max($ids) + 1);
        $this->assertSame([min($ids), max($ids), 895], [$counts['first'], $counts['last'], $counts['oldest']]);
        $expected = [];
        foreach ($ids as $i => $id) {
            $block = $expected[$id - $id % 4] ?? ['first' => $id - $id % 4, 'rows' => 0, 'total' => 0];
            $expected[$id - $id % 4] = ['first' => $block['first'], 'rows' => $block['rows'] + 1, 'total' => $block['total'] + $id,
                'last' => $id, 'userid' => 40 + $i, 'timecreated' => 900 - $i];
        }
        $this->assertEqualsCanonicalizing(array_values($expected), $counts['blocks']);
        $this->assertSame(5, array_sum(array_column($this->count_log(4, min($ids), max($ids))['blocks'], 'rows')), 'before the end');
        $this->assertSame([], $this->count_log(4, 0, 0)['blocks']);
        $own = $this->count_log(4, 0, max($ids) + 1, "{$this->course->id},999999")['blocks'];
        $this->assertEquals([3, $ids[0] + $ids[2] + $ids[3]], [array_sum(array_column($own, 'rows')), array_sum(array_column($own, 'total'))]);
        $page = extract::execute('logstore_standard_log', (string) $this->course->id, $ids[0], 50, $ids[2]);
        $this->assertSame([1, $ids[2], false], [substr_count($page['rows'], "\n"), $page['lastid'], $page['more']]);
        $this->assertSame('', extract::execute('logstore_standard_log', (string) $this->course->id, $ids[3], 50, $ids[3])['rows']);
        $this->expectException(\invalid_parameter_exception::class);
        count_log::execute(0);
    }

    public function test_the_site_says_its_settings_and_tables(): void {
        $this->setAdminUser();
        set_config('smtppass', 'a secret');
        $site = external_api::clean_returnvalue(get_site::execute_returns(), get_site::execute());
        $settings = array_column($site['settings'], 'value', 'name');
        $this->assertSame(get_config('moodle', 'gradebookroles'), $settings['gradebookroles']);
        $this->assertArrayHasKey('tool_log/enabled_stores', $settings);
        $this->assertStringNotContainsString('secret', json_encode($site));
        $this->assertStringNotContainsString(get_site_identifier(), json_encode($site));
        $this->assertSame('id deleted', array_column($site['tables'], 'columns', 'name')['user']);
    }

    public function test_nobody_else_may_extract_or_correct(): void {
        $this->setUser($this->teacher);
        $calls = [
            fn() => extract::execute('user'),
            fn() => get_site::execute(),
            fn() => count_log::execute(1),
            fn() => set_corrections::execute([]),
        ];
        foreach ($calls as $call) {
            try {
                $call();
                $this->fail('a teacher may');
            } catch (\required_capability_exception $exception) {
                $this->assertSame('nopermissions', $exception->errorcode);
            }
        }
        $this->setAdminUser();
        $this->expectException(\invalid_parameter_exception::class);
        extract::execute('user', '', 0, 50001);
    }

    /**
     * An entry of corrections.json.
     *
     * @param array $more
     * @return array
     */
    private function correction(array $more = []): array {
        return $more + ['bundle' => str_repeat('0a', 32), 'course_id' => (string) $this->course->id, 'as_of' => '2026-11-29T02:00:00',
            'shift' => .31, 'words' => 'Harder.', 'basis' => 'earlier_runs', 'runs' => 3, 'expected' => .3, 'mean_risk' => .2,
            'corrected_risk' => .26, 'doubt' => 'course_level'];
    }

    public function test_the_latest_correction_of_a_course_is_stored(): void {
        $this->setAdminUser();
        $done = set_corrections::execute([
            $this->correction(),
            $this->correction(['as_of' => '2026-11-30T02:00:00', 'shift' => .4]),
            $this->correction(['course_id' => 'AAA_2014J']),
        ]);
        $this->assertSame(['stored' => 1, 'unknown' => ['AAA_2014J']], $done);
        $this->assertSame(.4, risks::correction($this->course->id)['shift']);
        $this->assertSame('course_level', risks::correction($this->course->id)['doubt']);
        $this->assertSame(strtotime('2026-11-30T02:00:00Z'), risks::correction($this->course->id)['time']);
        // An older one changes nothing.
        $this->assertSame(0, set_corrections::execute([$this->correction()])['stored']);
        $this->assertSame(.4, risks::correction($this->course->id)['shift']);
    }

    /**
     * Corrections that are none.
     *
     * @return array
     */
    public static function wrong(): array {
        return ['a bundle' => [['bundle' => 'abc']], 'a shift' => [['shift' => 1.01]], 'a time' => [['as_of' => 'yesterday']]];
    }

    /**
     * What the service would refuse is refused here.
     *
     * @dataProvider wrong
     * @param array $more
     */
    public function test_a_wrong_correction_is_refused(array $more): void {
        $this->setAdminUser();
        $this->expectException(\invalid_parameter_exception::class);
        set_corrections::execute([$this->correction($more)]);
    }

    public function test_privacy_exports_and_deletes_all_tables(): void {
        global $DB;
        $this->predict_all();
        $learner = $this->learners[0];
        $other = $this->learners[1];
        actions::add('note', $this->course->id, $learner->id, $this->teacher->id, time(), ['text' => 'Is ill']);
        actions::add('note', $this->course->id, $other->id, $this->teacher->id, time(), ['text' => 'Is well']);
        $DB->insert_record('local_earlybell_optout', ['courseid' => $this->course->id, 'userid' => $learner->id, 'timecreated' => 1]);
        local\queue::mark($this->course->id, $learner->id, time());
        $DB->insert_record('local_earlybell_digest', ['userid' => $this->teacher->id, 'day' => 20261129, 'timecreated' => 1]);
        $key = ['courseid' => $this->course->id];
        $DB->insert_record('local_earlybell_trial', $key + ['actorid' => $this->teacher->id, 'timestarted' => 1]);
        foreach ([$learner, $other] as $user) {
            $of = $key + ['userid' => $user->id];
            $DB->insert_record('local_earlybell_arm', $of + ['arm' => 'shown', 'block' => 0, 'timedrawn' => 1]);
            $DB->insert_record('local_earlybell_look', $of + ['actorid' => $this->teacher->id, 'timecreated' => 1]);
            $DB->insert_record('local_earlybell_sent', $of + [
                'kind' => 'alert', 'recipientid' => $this->teacher->id, 'subject' => 1, 'timecreated' => 1,
            ]);
        }
        set_user_preference(task\remind::PREFERENCE, 1, $learner);
        $context = \context_course::instance($this->course->id);

        $contexts = provider::get_contexts_for_userid($learner->id);
        $this->assertSame([(string) $context->id], array_map('strval', $contexts->get_contextids()));
        $this->assertCount(2, provider::get_contexts_for_userid($this->teacher->id));
        $list = new userlist($context, 'local_earlybell');
        provider::get_users_in_context($list);
        $everybody = array_merge(array_column($this->learners, 'id'), [$this->teacher->id]);
        $this->assertEqualsCanonicalizing($everybody, $list->get_userids());

        provider::export_user_data(new approved_contextlist($learner, 'local_earlybell', $contexts->get_contextids()));
        $data = writer::with_context($context)->get_data([get_string('pluginname', 'local_earlybell')]);
        $this->assertSame('Is ill', $data->action[0]->text);
        foreach (['risk', 'history', 'optout', 'dirty', 'arm', 'look', 'sent'] as $table) {
            $this->assertCount(1, $data->$table, $table);
        }
        $this->assertFalse(isset($data->look[0]->id));
        $this->assertStringNotContainsString('"' . $this->teacher->id . '"', json_encode($data->look), 'nobody else\'s id');
        provider::export_user_preferences($learner->id);
        $preferences = writer::with_context(\context_system::instance())->get_user_preferences('local_earlybell');
        $this->assertSame('Yes', $preferences->{task\remind::PREFERENCE}->value);
        $this->assertStringNotContainsString('Is well', json_encode($data));

        provider::delete_data_for_user(new approved_contextlist($learner, 'local_earlybell', $contexts->get_contextids()));
        foreach (['risk', 'history', 'action', 'optout', 'dirty', 'arm', 'look', 'sent'] as $table) {
            $this->assertFalse($DB->record_exists("local_earlybell_$table", ['userid' => $learner->id]), $table);
        }
        $this->assertTrue($DB->record_exists('local_earlybell_risk', ['userid' => $other->id]));
        // What a teacher did or looked at stays with the learner, without the teacher.
        provider::delete_data_for_users(new approved_userlist($context, 'local_earlybell', [$this->teacher->id]));
        $row = $DB->get_record('local_earlybell_action', ['userid' => $other->id]);
        $this->assertSame([null, '0'], [$row->text, (string) $row->actorid]);
        $this->assertEquals(0, $DB->get_field('local_earlybell_look', 'actorid', ['userid' => $other->id]));
        $this->assertEquals(0, $DB->get_field('local_earlybell_trial', 'actorid', []));
        $this->assertSame(0, $DB->count_records('local_earlybell_sent'));
        provider::delete_data_for_all_users_in_context(\context_user::instance($this->teacher->id));
        provider::delete_data_for_all_users_in_context($context);
        foreach (['risk', 'history', 'action', 'optout', 'dirty', 'digest', 'trial', 'arm', 'look', 'sent'] as $table) {
            $this->assertSame(0, $DB->count_records("local_earlybell_$table"), $table);
        }
    }

    public function test_the_metadata_name_all_tables_and_fields(): void {
        global $CFG;
        $collection = provider::get_metadata(new \core_privacy\local\metadata\collection('local_earlybell'));
        $tables = [];
        foreach ($collection->get_collection() as $item) {
            $this->assertTrue(get_string_manager()->string_exists($item->get_summary(), 'local_earlybell'));
            foreach ($item->get_privacy_fields() ?? [] as $key) {
                $this->assertTrue(get_string_manager()->string_exists($key, 'local_earlybell'), $key);
            }
            $tables[] = $item->get_name();
        }
        $xml = simplexml_load_file("$CFG->dirroot/local/earlybell/db/install.xml");
        foreach ($xml->TABLES->TABLE as $table) {
            if ((string) $table['NAME'] !== 'local_earlybell_course') {
                $this->assertContains((string) $table['NAME'], $tables);
            }
        }
    }

    public function test_a_backup_has_what_was_done_and_no_risk_and_no_secret(): void {
        global $CFG, $DB;
        require_once("$CFG->dirroot/backup/util/includes/backup_includes.php");
        require_once("$CFG->dirroot/backup/util/includes/restore_includes.php");
        $this->predict_all();
        $id = $this->learners[0]->id;
        actions::add('note', $this->course->id, $id, $this->teacher->id, time(), ['text' => 'Is ill']);
        actions::add('message', $this->course->id, $id, $this->teacher->id, time(), ['text' => 'Not sent yet']);
        actions::opt($this->course->id, $this->learners[1]->id, true, time());
        set_config('token', 'the-token', 'local_earlybell');
        $key = ['courseid' => $this->course->id, 'userid' => $id];
        $DB->insert_record('local_earlybell_trial', ['courseid' => $this->course->id, 'actorid' => $id, 'timestarted' => 1]);
        $DB->insert_record('local_earlybell_arm', $key + ['arm' => 'held_out', 'block' => 0, 'timedrawn' => 1]);
        $this->setAdminUser();
        $CFG->backup_file_logger_level = \backup::LOG_NONE;
        $bc = new \backup_controller(
            \backup::TYPE_1COURSE,
            $this->course->id,
            \backup::FORMAT_MOODLE,
            \backup::INTERACTIVE_NO,
            \backup::MODE_IMPORT,
            get_admin()->id
        );
        $bc->get_plan()->get_setting('users')->set_status(\backup_setting::NOT_LOCKED);
        $bc->get_plan()->get_setting('users')->set_value(true);
        $backupid = $bc->get_backupid();
        $bc->execute_plan();
        $bc->destroy();
        $xml = file_get_contents("$CFG->tempdir/backup/$backupid/course/course.xml");
        $this->assertStringContainsString('Is ill', $xml);
        foreach (['the-token', self::KEY, 'reasons', 'explained', 'held_out'] as $secret) {
            $this->assertStringNotContainsString($secret, $xml);
        }
        $new = \restore_dbops::create_new_course('New', 'new', $this->course->category);
        $rc = new \restore_controller(
            $backupid,
            $new,
            \backup::INTERACTIVE_NO,
            \backup::MODE_GENERAL,
            get_admin()->id,
            \backup::TARGET_NEW_COURSE
        );
        $rc->execute_precheck();
        $rc->execute_plan();
        $rc->destroy();
        foreach (['risk', 'trial', 'arm', 'look', 'sent'] as $table) {
            $this->assertSame(0, $DB->count_records("local_earlybell_$table", ['courseid' => $new]), $table);
        }
        $texts = $DB->get_fieldset_select('local_earlybell_action', 'text', "courseid = ? AND text IS NOT NULL", [$new]);
        $this->assertSame(['Is ill'], $texts, 'a message that had not gone does not go again');
        $this->assertTrue($DB->record_exists('local_earlybell_optout', ['courseid' => $new, 'userid' => $this->learners[1]->id]));
    }

    public function test_a_teacher_gets_one_digest_a_day_by_day(): void {
        $this->preventResetByRollback();
        $this->risks = [$this->learners[0]->id => .9];
        $this->predict_all();
        $sink = $this->redirectMessages();
        $noon = (new \DateTimeImmutable('today 12:00', \core_date::get_user_timezone_object($this->teacher)))->getTimestamp();
        $night = $noon - 10 * HOURSECS;
        $this->assertSame(0, task\digest::send($night), 'the quiet hours');
        $this->assertSame(1, task\digest::send($noon));
        $this->assertSame(0, task\digest::send($noon + 600));
        $messages = $sink->get_messages();
        $this->assertCount(1, $messages);
        $this->assertSame($this->teacher->id, $messages[0]->useridto);
        $this->assertStringContainsString('3 learners to look at first', $messages[0]->fullmessage);
        $this->assertStringNotContainsString('Ann', $messages[0]->fullmessage);
    }

    public function test_the_night_marks_all_and_old_rows_go(): void {
        global $DB;
        $this->expectOutputRegex('~3 learners of 1 courses~');
        (new task\refresh())->execute();
        $this->assertSame(3, local\queue::size());
        (new task\refresh())->execute();
        $this->assertSame(3, local\queue::size());
        $this->drainer(33554432, time() + 5)->run();
        $DB->set_field('local_earlybell_history', 'timecreated', time() - 2 * YEARSECS, ['userid' => $this->learners[0]->id]);
        $DB->insert_record('local_earlybell_course', ['courseid' => 999999]);
        (new task\cleanup())->execute();
        $this->assertSame(2, $DB->count_records('local_earlybell_history'));
        $this->assertFalse($DB->record_exists('local_earlybell_course', ['courseid' => 999999]));
    }

    public function test_languages_have_the_same_strings(): void {
        global $CFG;
        $read = function (string $lang) use ($CFG): array {
            $string = [];
            include("$CFG->dirroot/local/earlybell/lang/$lang/local_earlybell.php");
            return $string;
        };
        [$english, $arabic] = [$read('en'), $read('ar')];
        $this->assertSame(array_keys($english), array_keys($arabic));
        foreach ($english as $key => $text) {
            $fields = fn(string $text): array => preg_match_all('~\{\$a[^}]*\}|\{[a-z]+\}~', $text, $match) ? array_unique($match[0]) : [];
            if ($text !== '{$a->words}') {    // The service's words, which a language says anew: see the README.
                $this->assertEqualsCanonicalizing($fields($text), $fields($arabic[$key]), $key);
            }
        }
    }

    public function test_uninstalling_leaves_nothing_behind(): void {
        global $CFG, $DB;
        require_once("$CFG->dirroot/local/earlybell/db/uninstall.php");
        set_user_preference('local_earlybell_tab', 'all', $this->teacher);
        $this->assertTrue(xmldb_local_earlybell_uninstall());
        $this->assertFalse($DB->record_exists('user_preferences', ['name' => 'local_earlybell_tab']));
    }
}
