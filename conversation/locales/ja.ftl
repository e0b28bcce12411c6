# The sentences of en-US.ftl in Japanese, which says what the values are. Nouns have no plural.

hint-empty = 何か聞いてください。私の名前のあとに質問を書くか、画像を送るか、/ask を使ってください。
withheld = そこに書かれた内容を Discord が見せてくれませんでした。別のメッセージで私をメンションするか、そのメッセージの「アプリ」メニューから「Ask about this message」を使ってください。
note-quote-withheld = 返信先のメッセージを Discord が見せてくれませんでした。そのメッセージの「アプリ」メニューから「Ask about this message」を使うと、私にも読めます。
queue-full = ここではすでに { $waiting } 件の質問が順番を待っています。いくつか答え終わったころに、もう一度聞いてください。
quota-spent = この 1 時間に質問できる { $limit } 件を使い切りました。{ $retry }にもう一度聞いてください。
guild-not-allowed = 私の運営者はこのサーバーでの利用を許可していません。追加してもらえるよう頼むか、私が使える場所で聞いてください。
dm-not-allowed = 私の運営者は、自分のサーバーのメンバーにだけダイレクトメッセージへの返答を許可しています。そのサーバーに参加するか、そこで聞いてください。
restarting = いま再起動しているところです。1 分後にもう一度聞いてください。
try-later = ここで質問できるかどうか確認できませんでした。1分ほどしてからもう一度お試しください。
hint-cannot-write = このチャンネルでは自分からは書き込めず、スラッシュコマンドに答えることしかできません。管理者がここで「チャンネルを見る」と「メッセージを送信」を許可すると、書き込めるようになります。

reka-auth = いま Reka にログインできません。Reka のセッションの更新が必要だと、私の運営者に伝えてください。
reka-busy = いま Reka がとても混み合っています。1 分後にもう一度試してください。
reka-busy-until = いま Reka がとても混み合っています。{ $retry }にもう一度試してください。
reka-quota = Reka のクレジットを使い切りました。私の運営者に伝えてください。
reka-silent = Reka からの応答が途絶えました。もう一度試してください。
reka-down = いま Reka に接続できません。1 分後にもう一度試してください。
reka-odd = Reka から届いた答えを読み取れませんでした。もう一度試してください。
reka-refused = Reka がこの質問を受け付けませんでした。聞き方を変えるか、短くしてみてください。
reka-filtered = Reka のコンテンツフィルターがこの回答を止めました。別の聞き方でもう一度お試しください。
unexpected = こちらで問題が起きました。ログに記録してあります。もう一度試してください。
memory-unavailable = 今は記憶にアクセスできません。1分ほどしてからもう一度試してください。
discord-refused = Discord がこの回答を表示できませんでした。別の聞き方でもう一度お試しください。

thinking = 考えています…
rest-in-file = 回答の全文は添付ファイルにあります。
thought-in-file = この思考の全文は添付ファイルにあります。
thought-gone = この思考はもう残っていません。保存するのは長くても1時間で、再起動すると失われます。

note-broke-off = 答えはここで途切れました。{ $why }
note-too-long = ここで止めます。この答えは上限の { $limit } 文字に達しました。続きが必要なら、そう言ってください。
note-too-slow = ここで止めます。この答えは { $minutes } 分を超えました。続きが必要なら、そう言ってください。
note-token-ending = ここで止めます。Discord ではコマンドに答えられるのは 15 分間だけです。続きが必要なら、そう言ってください。
note-pictures-refused = この会話の画像のうち、Reka が受け付けなかったものを除いて回答しました。
note-restarted = この答えの途中で再起動されました。もう一度試してください。
note-at-models-limit = ここで止めます。この答えはモデルの上限に達しました。
note-only-thought = 考えるだけで終わり、答えにたどり着けませんでした。

button-try-again = もう一度試す
button-go-on = 続ける
button-thinking = 思考を表示
again-not-yours = もう一度試せるのは、質問した人か、ここでメッセージを管理している人だけです。
again-running = すでに取りかかっているか、もう答え終わっています。
again-forgotten = この質問はもう覚えていません。あらためて聞いてください。

reset-done = 完了しました。この会話は忘れたので、最初から始めましょう。
reset-nothing = 忘れるものはありませんでした。最初から始めましょう。

operator-only = このコマンドは私の運営者専用です。ほかのことなら何でも聞いてください。
operator-synced = Discord に登録されている私のコマンド：{ $names }
operator-sync-failed = Discord がコマンドを受け付けませんでした（{ $why }）。1 分後にもう一度お試しください。
operator-reloaded = 読み込み直しました：{ $names }
operator-reload-failed = { $name } を読み込み直せなかったため（{ $why }）、これまでのまま動いています。詳しくは私のログにあります。

file-too-many = 最初の { $limit } 枚の画像だけを見ました。見なかったもの: { $names }。
file-too-large = { $name } は見ませんでした。{ $limit_mib } MiB を超えています。
file-not-picture = { $name } は見ませんでした。見られるのは PNG、JPEG、WebP、GIF の画像だけです。
file-broken = { $name } は見ませんでした。壊れているか、大きすぎて開けない画像です。
file-refused = { $name } は除きました。Reka が受け付けませんでした。
file-gone = { $name } は見られませんでした。Discord にもう残っていないので、もう一度添付してください。
file-unreachable = { $name } は見られませんでした。ダウンロードできなかったので、もう一度添付してください。
file-forbidden-host = { $name } は見ませんでした。ファイルは Discord からだけダウンロードします。

about-question = このメッセージを説明してください。
go-on-question = 止まったところから、同じ言語でそのまま続けてください。
