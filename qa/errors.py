"""What can go wrong between a question and its answer; the rest of the tree is in `index.errors`.

MujibError
├── UsageError              exit status 2
│   ├── QuestionError       the question cannot be taken
│   │   ├── EmptyQuestionError    it has no word
│   │   └── QuestionTooLongError  it has more characters than are taken
│   └── SettingsError       a setting (MUJIB_...) has a value it cannot have
├── PromptError             a file in prompts/ is missing or has other placeholders than it must
├── GenerationError         the answering model gave nothing: the server cannot be reached, the file is no model
├── NotReadyError           the models are still being loaded, or something is missing for that
└── PortBusyError           the page cannot be opened there
"""

from __future__ import annotations

from index.errors import MujibError, UsageError


class QuestionError(UsageError):
    """The question cannot be taken."""


class EmptyQuestionError(QuestionError):
    """The question has no word."""


class QuestionTooLongError(QuestionError):
    """The question has more characters than are taken."""


class SettingsError(UsageError):
    """A setting has a value it cannot have."""


class PromptError(MujibError):
    """A file in prompts/ is missing or has other placeholders than it must."""


class GenerationError(MujibError):
    """The answering model gave nothing."""


class PortBusyError(MujibError):
    """The page cannot be opened there."""


class NotReadyError(MujibError):
    """The models are still being loaded, or something is missing for that."""
