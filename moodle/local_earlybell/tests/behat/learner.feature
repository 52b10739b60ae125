@local @local_earlybell
Feature: A learner sees their own page
  In order to know what is estimated about me, and by whom it is read
  As a learner
  I need a page of my own, where I can contest it, opt out, or ask for reminders

  Background:
    Given the following config values are set as admin:
      | endpoint     | https://service.example | local_earlybell |
      | pseudonymkey | 0123456789abcdef        | local_earlybell |
      | learnerview  | 1                       | local_earlybell |
      | reminders    | 1                       | local_earlybell |
    And the following "courses" exist:
      | fullname   | shortname  | startdate       | enddate      |
      | Statistics | STAT1-2026 | ##30 days ago## | ##+60 days## |
    And the following "users" exist:
      | username | firstname | lastname |
      | tara     | Tara      | Teach    |
      | ann      | Ann       | Able     |
    And the following "course enrolments" exist:
      | user | course     | role           |
      | tara | STAT1-2026 | editingteacher |
      | ann  | STAT1-2026 | student        |
    And the following "local_earlybell > risks" exist:
      | user | course     | risk | band |
      | ann  | STAT1-2026 | 0.90 | high |

  Scenario: Encouraging words, and no number
    When I am on the "STAT1-2026" "local_earlybell > My progress" page logged in as ann
    Then I should see "There is time to change that"
    And I should not see "90%"

  Scenario: A learner reads who looked
    Given I am on the "STAT1-2026" "local_earlybell > Today" page logged in as tara
    And I follow "Ann Able"
    When I am on the "STAT1-2026" "local_earlybell > My progress" page logged in as ann
    Then I should see "Tara Teach looked at your estimate"
    And I should see "Tara Teach looked at the list of the course"

  Scenario: A learner contests the estimate, and the teacher reads it
    Given I am on the "STAT1-2026" "local_earlybell > My progress" page logged in as ann
    When I set the field "What is wrong with the estimate? Your teachers read this." to "I was ill"
    And I press "Contest it"
    Then I should see "Your teachers will read it."
    When I am on the "STAT1-2026" "local_earlybell > Today" page logged in as tara
    And I follow "Ann Able"
    Then I should see "I was ill"

  Scenario: A learner opts out and in again
    Given I am on the "STAT1-2026" "local_earlybell > My progress" page logged in as ann
    When I press "Opt out"
    Then I should see "You have opted out. Your estimates are deleted."
    When I press "Opt in again"
    Then I should see "You have opted in again."

  Scenario: A learner asks for reminders, and ends them
    Given I am on the "STAT1-2026" "local_earlybell > My progress" page logged in as ann
    When I press "Remind me"
    Then I should see "You will be reminded."
    When I press "Stop reminding me"
    Then I should see "You will not be reminded any longer."
