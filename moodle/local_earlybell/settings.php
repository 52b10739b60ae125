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

/**
 * Settings.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

defined('MOODLE_INTERNAL') || die();

if ($hassiteconfig) {
    $ADMIN->add('localplugins', new admin_category('local_earlybell_category', new lang_string('pluginname', 'local_earlybell')));
    $settings = new admin_settingpage('local_earlybell', new lang_string('settings'));
    if ($ADMIN->fulltree) {
        $text = function (string $name, string $default, $type) use ($settings): void {
            $settings->add(new admin_setting_configtext(
                "local_earlybell/$name",
                new lang_string("setting_$name", 'local_earlybell'),
                new lang_string("setting_{$name}_desc", 'local_earlybell'),
                $default,
                $type
            ));
        };
        $area = function (string $name, string $default) use ($settings): void {
            $settings->add(new admin_setting_configtextarea(
                "local_earlybell/$name",
                new lang_string("setting_$name", 'local_earlybell'),
                new lang_string("setting_{$name}_desc", 'local_earlybell'),
                $default,
                PARAM_TEXT
            ));
        };
        $secret = function (string $name) use ($settings): void {
            $settings->add(new admin_setting_encryptedpassword(
                "local_earlybell/$name",
                get_string("setting_$name", 'local_earlybell'),
                get_string("setting_{$name}_desc", 'local_earlybell')
            ));
        };
        $check = function (string $name, int $default) use ($settings): void {
            $settings->add(new admin_setting_configcheckbox(
                "local_earlybell/$name",
                new lang_string("setting_$name", 'local_earlybell'),
                new lang_string("setting_{$name}_desc", 'local_earlybell'),
                $default
            ));
        };
        $heading = function (string $name) use ($settings): void {
            $settings->add(new admin_setting_heading("local_earlybell/$name", new lang_string($name, 'local_earlybell'), ''));
        };

        $heading('heading_service');
        $text('endpoint', '', PARAM_URL);
        $secret('token');
        $secret('pseudonymkey');
        $settings->add(new admin_setting_configfile(
            'local_earlybell/cafile',
            new lang_string('setting_cafile', 'local_earlybell'),
            new lang_string('setting_cafile_desc', 'local_earlybell'),
            ''
        ));
        $text('connecttimeout', '3', PARAM_FLOAT);
        $text('timeout', '30', PARAM_FLOAT);
        $text('budget', '50', PARAM_FLOAT);
        $text('maxmib', '32', PARAM_FLOAT);
        $check('explain', 1);

        $heading('heading_scope');
        $settings->add(new admin_setting_configmultiselect(
            'local_earlybell/categories',
            new lang_string('categories'),
            new lang_string('setting_categories_desc', 'local_earlybell'),
            [],
            core_course_category::make_categories_list()
        ));
        $settings->add(new admin_setting_configselect(
            'local_earlybell/codefield',
            new lang_string('setting_codefield', 'local_earlybell'),
            new lang_string('setting_codefield_desc', 'local_earlybell'),
            'shortname',
            ['shortname' => new lang_string('shortnamecourse'), 'idnumber' => new lang_string('idnumbercourse')]
        ));
        $text('codepattern', '^(.+?)[-_ /.]*(?:19|20)\d\d', PARAM_RAW_TRIMMED);
        $area('breaks', '');

        $heading('heading_staff');
        $text('capacity', '10', PARAM_FLOAT);
        $text('cardurl', '', PARAM_URL);
        $area('template_reminder', get_string('template_reminder_default', 'local_earlybell'));
        $area('template_absence', get_string('template_absence_default', 'local_earlybell'));
        $area('template_general', get_string('template_general_default', 'local_earlybell'));
        $check('digest', 1);
        $check('alerts', 0);
        $text('quietfrom', '19', PARAM_INT);
        $text('quietuntil', '7', PARAM_INT);

        $heading('heading_trial');
        $check('trial', 0);
        $settings->add(new admin_setting_pickroles(
            'local_earlybell/trialexemptroles',
            new lang_string('setting_trialexemptroles', 'local_earlybell'),
            new lang_string('setting_trialexemptroles_desc', 'local_earlybell'),
            []
        ));
        // A choice of nothing is never saved, and Moodle would ask administrators for it again and again.
        if ($cohorts = $DB->get_records_menu('cohort', [], 'name', 'id, name')) {
            $settings->add(new admin_setting_configmultiselect(
                'local_earlybell/trialexemptcohorts',
                new lang_string('setting_trialexemptcohorts', 'local_earlybell'),
                new lang_string('setting_trialexemptcohorts_desc', 'local_earlybell'),
                [],
                $cohorts
            ));
        }
        $settings->add(new admin_setting_configselect(
            'local_earlybell/trialexemptfield',
            new lang_string('setting_trialexemptfield', 'local_earlybell'),
            new lang_string('setting_trialexemptfield_desc', 'local_earlybell'),
            '',
            ['' => new lang_string('none')] + $DB->get_records_menu('user_info_field', [], 'name', 'shortname, name')
        ));

        $heading('heading_learners');
        $check('reminders', 0);
        $check('learnerview', 0);
        $check('showpercent', 0);
        $settings->add(new admin_setting_configduration(
            'local_earlybell/retention',
            new lang_string('setting_retention', 'local_earlybell'),
            new lang_string('setting_retention_desc', 'local_earlybell'),
            YEARSECS,
            DAYSECS
        ));
    }
    $ADMIN->add('local_earlybell_category', $settings);
    $ADMIN->add('local_earlybell_category', new admin_externalpage(
        'local_earlybell_test',
        new lang_string('testconnection', 'local_earlybell'),
        new moodle_url('/local/earlybell/test.php'),
        'moodle/site:config'
    ));
    $settings = null;
}
