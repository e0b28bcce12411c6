# The sentences of en-US.ftl in Korean, which says what the values are. Nouns have no plural, and no particle that
# depends on the last sound follows a value.

hint-empty = 무엇이든 물어보세요. 제 이름 뒤에 질문을 쓰거나, 이미지를 보내거나, /ask 명령어를 쓰면 돼요.
withheld = 그곳에 쓴 내용을 Discord가 저에게 보여 주지 않았어요. 새 메시지에서 저를 멘션하거나, 그 메시지의 '앱' 메뉴에서 'Ask about this message'를 사용해 주세요.
note-quote-withheld = 답장한 메시지를 Discord가 저에게 보여 주지 않았어요. 그 메시지의 '앱' 메뉴에서 'Ask about this message'를 사용하면 읽을 수 있어요.
queue-full = 여기에는 이미 질문 { $waiting }개가 기다리고 있어요. 제가 몇 개 답한 뒤에 다시 물어봐 주세요.
quota-spent = 한 시간에 할 수 있는 질문 { $limit }개를 모두 썼어요. { $retry }에 다시 물어봐 주세요.
guild-not-allowed = 제 운영자가 이 서버에서는 저를 쓸 수 없게 해 두었어요. 추가해 달라고 부탁하거나, 제가 활동하는 곳에서 써 주세요.
dm-not-allowed = 제 운영자는 자기 서버의 멤버에게만 다이렉트 메시지로 답하게 해 두었어요. 그 서버에 참여하거나, 그곳에서 물어봐 주세요.
restarting = 지금 다시 시작하는 중이에요. 1분 뒤에 다시 물어봐 주세요.
try-later = 여기서 질문할 수 있는지 확인하지 못했어요. 잠시 후 다시 시도해 주세요.
hint-cannot-write = 이 채널에서는 제가 먼저 글을 쓸 수 없고 슬래시 명령어에만 답할 수 있어요. 관리자가 여기에서 '채널 보기'와 '메시지 보내기'를 허용하면 쓸 수 있어요.

reka-auth = 지금은 Reka에 로그인할 수 없어요. Reka 세션을 갱신해야 한다고 제 운영자에게 알려 주세요.
reka-busy = 지금 Reka가 아주 바빠요. 1분 뒤에 다시 시도해 주세요.
reka-busy-until = 지금 Reka가 아주 바빠요. { $retry }에 다시 시도해 주세요.
reka-quota = Reka 크레딧을 모두 썼어요. 제 운영자에게 알려 주세요.
reka-silent = Reka의 응답이 끊겼어요. 다시 시도해 주세요.
reka-down = 지금은 Reka에 연결할 수 없어요. 1분 뒤에 다시 시도해 주세요.
reka-odd = Reka가 보낸 답을 읽을 수 없었어요. 다시 시도해 주세요.
reka-refused = Reka가 이 질문을 받지 않았어요. 다르게 묻거나 더 짧게 물어봐 주세요.
reka-filtered = Reka의 콘텐츠 필터가 이 답변을 멈췄어요. 다른 방식으로 질문해 주세요.
unexpected = 제 쪽에서 문제가 생겨 로그에 남겨 두었어요. 다시 시도해 주세요.
memory-unavailable = 지금은 제 기억에 접근할 수 없어요. 1분 뒤에 다시 시도해 주세요.
discord-refused = Discord가 이 답변을 표시하지 않았어요. 다른 방식으로 질문해 주세요.

thinking = 생각하는 중…
rest-in-file = 답변 전체는 첨부 파일에 있어요.
thought-in-file = 이 생각의 전체 내용은 첨부 파일에 있어요.
thought-gone = 이 생각은 더 이상 남아 있지 않아요. 길어야 한 시간 동안 보관하고, 다시 시작되면 사라져요.

note-broke-off = 답변이 여기에서 끊겼어요. { $why }
note-too-long = 여기에서 멈출게요. 이 답변이 한도인 { $limit }자에 이르렀어요. 더 원하면 계속하라고 말해 주세요.
note-too-slow = 여기에서 멈출게요. 이 답변이 { $minutes }분보다 오래 걸렸어요. 더 원하면 계속하라고 말해 주세요.
note-token-ending = 여기에서 멈출게요. Discord에서는 명령어에 15분 동안만 답할 수 있어요. 더 원하면 계속하라고 말해 주세요.
note-pictures-refused = 이 대화의 사진 중 Reka가 받아들이지 않은 것을 빼고 답했어요.
note-restarted = 이 답변 도중에 제가 다시 시작됐어요. 다시 시도해 주세요.
note-at-models-limit = 여기에서 멈출게요. 이 답변이 모델의 한도에 도달했어요.
note-only-thought = 생각만 하다가 답에 이르지 못했어요.

button-try-again = 다시 시도
button-go-on = 계속하기
button-thinking = 생각 보기
again-not-yours = 질문한 사람이나 여기에서 메시지를 관리하는 사람만 다시 시도할 수 있어요.
again-running = 이미 답하는 중이거나, 답변이 끝났어요.
again-forgotten = 이 질문은 이제 기억나지 않아요. 새로 물어봐 주세요.

reset-done = 다 됐어요. 이 대화를 잊었으니 처음부터 시작해요.
reset-nothing = 잊을 내용이 없었어요. 처음부터 시작해요.

operator-only = 이 명령은 저를 운영하는 사람만 쓸 수 있어요. 다른 것은 무엇이든 물어보세요.
operator-synced = 이제 Discord에 있는 제 명령: { $names }
operator-sync-failed = Discord가 제 명령을 받아들이지 않았어요({ $why }). 1분 뒤에 다시 시도해 주세요.
operator-reloaded = 다시 불러왔어요: { $names }
operator-reload-failed = { $name }을(를) 다시 불러오지 못해({ $why }) 전과 같이 돌아가고 있어요. 자세한 내용은 제 로그에 있어요.

file-too-many = 앞의 이미지 { $limit }개만 봤어요. 제외한 파일: { $names }.
file-too-large = { $name } 파일을 제외했어요. { $limit_mib } MiB보다 커요.
file-not-picture = { $name } 파일을 제외했어요. PNG, JPEG, WebP, GIF 이미지만 볼 수 있어요.
file-broken = { $name } 파일을 제외했어요. 손상됐거나, 너무 커서 열 수 없는 이미지예요.
file-refused = 제외한 파일: { $name }. Reka가 받아들이지 않았어요.
file-gone = { $name } 파일을 제외했어요. Discord에 더는 없으니 다시 첨부해 주세요.
file-unreachable = { $name } 파일을 제외했어요. 다운로드할 수 없었으니 다시 첨부해 주세요.
file-forbidden-host = { $name } 파일을 제외했어요. 저는 Discord에서만 파일을 다운로드해요.

about-question = 이 메시지를 설명해 주세요.
go-on-question = 멈춘 곳에서부터 같은 언어로 그대로 이어서 써 주세요.
