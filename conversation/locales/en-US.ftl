# Every sentence that a person reads. One sentence of what happened, and what to do next.
# $retry is a Discord timestamp that every reader sees in their own words ("in 4 minutes").

hint-empty = Ask me something: write your question after my name, send me a picture, or use /ask.
withheld = Discord did not show me what you wrote there: mention me in a message of its own, or use “Ask about this message” from the message's Apps menu.
note-quote-withheld = Discord did not show me the message you replied to: use “Ask about this message” from its Apps menu, and I can read it.
queue-full = { $waiting ->
        [one] There is already { $waiting } question waiting here: please ask again when I have answered it.
       *[other] There are already { $waiting } questions waiting here: please ask again when I have answered some of them.
    }
quota-spent = You have asked { $limit ->
        [one] your one question
       *[other] your { $limit } questions
    } of this hour: please ask again { $retry }.
guild-not-allowed = My operator has not opened me to this server: please ask them to add it, or use me where they run me.
dm-not-allowed = My operator answers direct messages only for members of their own servers: please join one, or ask there.
restarting = I am just being restarted: please ask again in a minute.
try-later = I could not find out whether you may ask here: please try again in a minute.
hint-cannot-write = I may not write in this channel by myself, only answer slash commands: an admin can let me by granting “View Channel” and “Send Messages” here.

reka-auth = I cannot log in to Reka at the moment: please tell whoever runs me that the Reka session needs renewing.
reka-busy = Reka is very busy at the moment: please try again in a minute.
reka-busy-until = Reka is very busy at the moment: please try again { $retry }.
reka-quota = The credits for Reka are used up: please tell whoever runs me.
reka-silent = Reka went silent: please try again.
reka-down = I cannot reach Reka at the moment: please try again in a minute.
reka-odd = Reka sent an answer that I could not read: please try again.
reka-refused = Reka would not take this question: please ask it in another way, or shorter.
reka-filtered = Reka's content filter stopped this answer: please ask in another way.
unexpected = Something went wrong on my side, and it is in my log: please try again.
memory-unavailable = I cannot reach my memory at the moment: please try again in a minute.
discord-refused = Discord would not show this answer: please ask in another way.

thinking = Thinking…
rest-in-file = All of this answer is in the attached file.
thought-in-file = All of these thoughts are in the attached file.
thought-gone = I no longer have these thoughts: I keep them for an hour at most, and lose them when I am restarted.

note-broke-off = The answer broke off here. { $why }
note-too-long = I stop here: this answer has reached its limit of { $limit ->
        [one] { $limit } character
       *[other] { $limit } characters
    }. Ask me to go on if you want more.
note-too-slow = I stop here: this answer has taken longer than { $minutes ->
        [one] { $minutes } minute
       *[other] { $minutes } minutes
    }. Ask me to go on if you want more.
note-token-ending = I stop here: Discord lets me answer a command for 15 minutes only. Ask me to go on if you want more.
note-pictures-refused = I answered without pictures of this conversation that Reka would not take.
note-restarted = I was restarted in the middle of this answer: please try again.
note-at-models-limit = I stop here: this answer has reached the model's limit.
note-only-thought = I only thought about this, and never came to an answer.

button-try-again = Try again
button-go-on = Continue
button-thinking = Show thinking
again-not-yours = Only the person who asked, or somebody who manages messages here, can try this again.
again-running = I am already on it, or it has been answered.
again-forgotten = I no longer remember this question: please ask it anew.

reset-done = Done: I have forgotten this conversation, and we start afresh.
reset-nothing = There was nothing to forget: we start afresh.

operator-only = This command is for whoever runs me: ask me anything else.
operator-synced = Discord now has these commands of mine: { $names }.
operator-sync-failed = Discord did not take my commands ({ $why }): please try again in a minute.
operator-reloaded = Loaded anew: { $names }.
operator-reload-failed = { $name } could not be loaded anew ({ $why }) and runs on as it was: my log says more.

file-too-many = I looked at the { $limit ->
        [one] first picture only
       *[other] first { $limit } pictures
    }; left out: { $names }.
file-too-large = I left out { $name }: it is larger than { $limit_mib } MiB.
file-not-picture = I left out { $name }: I can look at PNG, JPEG, WebP and GIF pictures only.
file-broken = I left out { $name }: it is damaged, or too large a picture to open.
file-refused = I left out { $name }: Reka would not take it.
file-gone = I left out { $name }: Discord no longer has it, so please attach it again.
file-unreachable = I left out { $name }: I could not download it, so please attach it again.
file-forbidden-host = I left out { $name }: I download files from Discord only.

# Words for the model, on behalf of a person who wrote none.
about-question = Please explain this message.
go-on-question = Please go on exactly where you stopped, in the same language.
