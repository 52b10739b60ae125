@local @local_earlybell
Feature: A teacher sees whom to look at first
  In order to help learners in time
  As a teacher
  I need to see who is at risk and why, and to do something about it

  Background:
    Given the following config values are set as admin:
      | endpoint     | https://service.example | local_earlybell |
      | pseudonymkey | 0123456789abcdef        | local_earlybell |
    And the following "courses" exist:
      | fullname   | shortname  | startdate       | enddate      |
      | Statistics | STAT1-2026 | ##30 days ago## | ##+60 days## |
    And the following "users" exist:
      | username | firstname | lastname |
      | tara     | Tara      | Teach    |
      | ann      | Ann       | Able     |
      | ben      | Ben       | Busy     |
      | cleo     | Cleo      | Calm     |
    And the following "course enrolments" exist:
      | user | course     | role           |
      | tara | STAT1-2026 | editingteacher |
      | ann  | STAT1-2026 | student        |
      | ben  | STAT1-2026 | student        |
      | cleo | STAT1-2026 | student        |
    And the following "local_earlybell > risks" exist:
      | user | course     | risk | band   |
      | ann  | STAT1-2026 | 0.90 | high   |
      | ben  | STAT1-2026 | 0.50 | medium |
      | cleo | STAT1-2026 | 0.10 | low    |

  Scenario: The worklist is a tab of the course
    Given I am on the "Statistics" course page logged in as tara
    When I click on "Learners at risk" "link" in the ".secondary-navigation" "css_element"
    Then I should see "2 of 3 learners to look at first"
    And "Ann Able" "text" should appear before "Ben Busy" "text"
    And I should see "About 9 in 10"
    And I should not see "Cleo Calm"

  Scenario: A note stands with what was done, and can be taken back
    Given I am on the "STAT1-2026" "local_earlybell > Today" page logged in as tara
    When I follow "Ann Able"
    And I follow "Add a note"
    And I set the field "Note, for the staff of this course" to "Works at night"
    And I press "Save"
    Then I should see "The note about Ann Able is saved."
    And I should see "Tara Teach noted something"
    When I press "Undo"
    Then I should see "It is taken back."

  Scenario: Several learners are written to at once
    Given I am on the "STAT1-2026" "local_earlybell > All learners" page logged in as tara
    When I set the field "Select 'Ann Able'" to "1"
    And I set the field "Select 'Ben Busy'" to "1"
    And I press "Write to those chosen"
    And I set the field "Message" to "Dear {firstname}, how are you?"
    And I press "Preview"
    Then I should see "Dear Ann, how are you?"
    And I should see "Dear Ben, how are you?"
    When I set the field "Ben Busy" to ""
    And I press "Send"
    Then I should see "1 messages go in a minute."
    And I should see "Tara Teach wrote a message"

  Scenario: The teacher's page is accessible
    Given I am on the "STAT1-2026" "local_earlybell > Today" page logged in as tara
    Then the page should meet accessibility standards
