# The sentences of en-US.ftl in Simplified Chinese, which says what the values are. Nouns have no plural.

hint-empty = 问我点什么吧：把问题写在我的名字后面，给我发一张图片，或者使用 /ask。
withheld = Discord 没有让我看到你在那里写的内容：请单独发一条消息提及我，或者在那条消息的“Apps”菜单里使用“Ask about this message”。
note-quote-withheld = Discord 没有让我看到你回复的那条消息：在它的“Apps”菜单里使用“Ask about this message”，我就能看到了。
queue-full = 这里已经有 { $waiting } 个问题在排队：请等我答完一些再来问。
quota-spent = 你这一小时的 { $limit } 次提问已经用完：请在{ $retry }再问。
guild-not-allowed = 我的运营者没有在这个服务器开放我：请联系他们添加，或者到我可用的地方来找我。
dm-not-allowed = 我的运营者只让我回复其服务器成员的私信：请加入其中一个服务器，或者到那里提问。
restarting = 我正在重启：请过一分钟再问。
try-later = 我没能确认你能否在这里提问，请一分钟后再试。
hint-cannot-write = 我不能在这个频道主动发言，只能回复斜杠命令：管理员可以在这里授予我“查看频道”和“发送消息”权限。

reka-auth = 我现在无法登录 Reka：请告诉我的运营者，Reka 的会话需要更新。
reka-busy = Reka 现在非常繁忙：请过一分钟再试。
reka-busy-until = Reka 现在非常繁忙：请在{ $retry }再试。
reka-quota = Reka 的额度已经用完：请告诉我的运营者。
reka-silent = Reka 没有了回应：请再试一次。
reka-down = 我现在连接不上 Reka：请过一分钟再试。
reka-odd = Reka 发来的回答我读不懂：请再试一次。
reka-refused = Reka 没有接受这个问题：请换个问法，或者问得短一些。
reka-filtered = Reka 的内容过滤器中止了这个回答：请换一种方式提问。
unexpected = 我这边出了点问题，已经记入日志：请再试一次。
memory-unavailable = 我现在无法访问自己的记忆：请一分钟后再试。
discord-refused = Discord 没有显示这个回答，请换一种方式提问。

thinking = 正在思考…
rest-in-file = 完整回答见附件。
thought-in-file = 完整的思考过程见附件。
thought-gone = 这段思考已经不在了：我最多保留一小时，重启后也会丢失。

note-broke-off = 回答在这里中断了。{ $why }
note-too-long = 我先停在这里：这个回答已达到 { $limit } 个字符的上限。想看更多，就让我继续。
note-too-slow = 我先停在这里：这个回答已超过 { $minutes } 分钟。想看更多，就让我继续。
note-token-ending = 我先停在这里：Discord 只允许我在 15 分钟内回复一条命令。想看更多，就让我继续。
note-pictures-refused = 我回答时略过了这段对话中 Reka 没有接受的图片。
note-restarted = 我在回答途中被重启了：请再试一次。
note-at-models-limit = 我先停在这里：这个回答已达到模型的上限。
note-only-thought = 我只是思考了这个问题，还没有得出回答。

button-try-again = 再试一次
button-go-on = 继续
button-thinking = 查看思考过程
again-not-yours = 只有提问的人，或者在这里管理消息的人，才能再试一次。
again-running = 我已经在处理了，或者已经回答完了。
again-forgotten = 我已经不记得这个问题了：请重新问一遍。

reset-done = 好了：我已经忘掉这段对话，我们重新开始。
reset-nothing = 没有什么需要忘掉的：我们重新开始。

operator-only = 这个命令只供我的运营者使用，其他问题都可以问我。
operator-synced = Discord 现在有我的这些命令：{ $names }。
operator-sync-failed = Discord 没有接受我的命令（{ $why }），请一分钟后再试。
operator-reloaded = 已重新加载：{ $names }。
operator-reload-failed = { $name } 无法重新加载（{ $why }），仍按原样运行，详情见我的日志。

file-too-many = 我只看了前 { $limit } 张图片；没有看的有：{ $names }。
file-too-large = 我跳过了 { $name }：它超过 { $limit_mib } MiB。
file-not-picture = 我跳过了 { $name }：我只能看 PNG、JPEG、WebP 和 GIF 图片。
file-broken = 我跳过了 { $name }：文件已损坏，或者图片太大，无法打开。
file-refused = 已略过 { $name }：Reka 没有接受它。
file-gone = 我跳过了 { $name }：Discord 上已经没有它了，请重新添加附件。
file-unreachable = 我跳过了 { $name }：我无法下载它，请重新添加附件。
file-forbidden-host = 我跳过了 { $name }：我只从 Discord 下载文件。

about-question = 请解释一下这条消息。
go-on-question = 请用同一种语言，从刚才停下的地方接着写。
