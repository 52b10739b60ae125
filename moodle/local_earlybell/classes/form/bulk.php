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

use local_earlybell\local\recipients;

defined('MOODLE_INTERNAL') || die();

require_once($CFG->libdir . '/formslib.php');

/**
 * A message to several learners: who gets it, and its text.
 *
 * @package    local_earlybell
 * @copyright  2026 Earlybell
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */
class bulk extends \moodleform {
    #[\Override]
    protected function definition() {
        $form = $this->_form;
        $learners = $this->_customdata['learners'];
        $form->addElement('hidden', 'candidates', implode(',', array_keys($learners)));
        $form->setType('candidates', PARAM_SEQUENCE);
        $boxes = [];
        foreach ($learners as $userid => $learner) {
            $boxes[] = $form->createElement('advcheckbox', $userid, '', s(fullname($learner)));
            $form->setDefault("to[$userid]", 1);
        }
        $form->addGroup($boxes, 'to', get_string('bulk_to', 'local_earlybell'), '<br>', true);
        $form->addElement('textarea', 'text', get_string('message_text', 'local_earlybell'), ['rows' => 12, 'cols' => 60]);
        $form->setType('text', PARAM_TEXT);
        $form->addRule('text', null, 'required', null, 'client');
        $form->addElement('static', 'fields', '', get_string('message_fields', 'local_earlybell'));
        $form->addGroup([
            $form->createElement('submit', 'submitbutton', get_string('do_message', 'local_earlybell')),
            $form->createElement('submit', 'preview', get_string('preview', 'local_earlybell')),
            $form->createElement('cancel'),
        ], 'buttons', '', ' ', false);
        $form->closeHeaderBefore('buttons');
    }

    /**
     * Who is chosen of the learners that the form was made of.
     *
     * @param array $data
     * @return \stdClass[] users by id
     */
    public function chosen(array $data): array {
        return array_intersect_key($this->_customdata['learners'], array_filter($data['to'] ?? []));
    }

    #[\Override]
    public function validation($data, $files) {
        $errors = parent::validation($data, $files);
        $chosen = $this->chosen($data);
        if (!$chosen) {
            $errors['to'] = get_string('bulk_nobody', 'local_earlybell');
        }
        $without = recipients::without_work($this->_customdata['course'], $chosen, $data['text'], time());
        if ($without) {
            $names = implode(', ', array_map('fullname', $without));
            $errors['text'] = get_string('bulk_nowork', 'local_earlybell', $names);
        }
        return $errors;
    }
}
