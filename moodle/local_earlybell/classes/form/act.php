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

namespace local_earlybell\form;

use local_earlybell\local\actions;

defined('MOODLE_INTERNAL') || die();

require_once($CFG->libdir . '/formslib.php');

/**
 * What a teacher says of an action.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
class act extends \moodleform {
    #[\Override]
    protected function definition() {
        $form = $this->_form;
        $kind = $this->_customdata['kind'];
        if ($kind === 'dismiss') {
            $reasons = [];
            foreach (actions::REASONS as $reason) {
                $reasons[$reason] = get_string("reason_$reason", 'local_earlybell');
            }
            $form->addElement('select', 'reason', get_string('why', 'local_earlybell'), $reasons);
        }
        if ($kind === 'snooze' || $kind === 'task') {
            $form->addElement('date_selector', 'timedue', get_string("{$kind}_until", 'local_earlybell'));
            $form->setDefault('timedue', time() + WEEKSECS);
        }
        $rows = $kind === 'message' ? 12 : 4;
        $form->addElement('textarea', 'text', get_string("{$kind}_text", 'local_earlybell'), ['rows' => $rows, 'cols' => 60]);
        $form->setType('text', PARAM_TEXT);
        if (in_array($kind, ['message', 'note', 'task', 'wrong'], true)) {
            $form->addRule('text', null, 'required', null, 'client');
        }
        if ($kind === 'message') {
            $form->addElement('static', 'fields', '', get_string('message_fields', 'local_earlybell'));
        }
        if ($kind === 'wrong') {
            $form->addElement('static', 'means', '', get_string('wrong_means', 'local_earlybell'));
        }
        $buttons = [$form->createElement('submit', 'submitbutton', get_string("do_$kind", 'local_earlybell'))];
        if ($kind === 'message') {
            $buttons[] = $form->createElement('submit', 'preview', get_string('preview', 'local_earlybell'));
        }
        $buttons[] = $form->createElement('cancel');
        $form->addGroup($buttons, 'buttons', '', ' ', false);
        $form->closeHeaderBefore('buttons');
    }

    #[\Override]
    public function validation($data, $files) {
        $errors = parent::validation($data, $files);
        if (isset($data['timedue']) && $data['timedue'] < time()) {
            $errors['timedue'] = get_string('notpast', 'local_earlybell');
        }
        return $errors;
    }
}
