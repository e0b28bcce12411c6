# The sentences of en-US.ftl in Brazilian Portuguese, which says what the values are. Readers are “você”.

hint-empty = Me pergunte alguma coisa: escreva sua pergunta depois do meu nome, me mande uma imagem ou use /ask.
withheld = O Discord não me mostrou o que você escreveu ali: me mencione em uma mensagem separada, ou use “Ask about this message” no menu “Apps” da mensagem.
note-quote-withheld = O Discord não me mostrou a mensagem à qual você respondeu: use “Ask about this message” no menu “Apps” dela, e aí eu consigo ler.
queue-full = { $waiting ->
        [one] Já tem { $waiting } pergunta esperando aqui: pergunte de novo quando eu tiver respondido.
       *[other] Já tem { $waiting } perguntas esperando aqui: pergunte de novo quando eu tiver respondido algumas.
    }
quota-spent = Você já fez { $limit ->
        [one] sua única pergunta
       *[other] suas { $limit } perguntas
    } desta hora: pergunte de novo { $retry }.
guild-not-allowed = Quem me administra não me liberou para este servidor: peça para adicioná-lo, ou fale comigo onde eu estiver ativo.
dm-not-allowed = Quem me administra só libera mensagens diretas para membros dos próprios servidores: entre em um deles, ou pergunte por lá.
restarting = Estou reiniciando agora: pergunte de novo em um minuto.
try-later = Não consegui descobrir se você pode perguntar aqui: tente de novo em um minuto.
hint-cannot-write = Neste canal eu não posso escrever por conta própria, só responder a comandos de barra: um admin pode me conceder aqui “Ver canal” e “Enviar mensagens”.

reka-auth = Não estou conseguindo entrar no Reka no momento: avise quem me administra que a sessão do Reka precisa ser renovada.
reka-busy = O Reka está muito ocupado no momento: tente de novo em um minuto.
reka-busy-until = O Reka está muito ocupado no momento: tente de novo { $retry }.
reka-quota = Os créditos do Reka acabaram: avise quem me administra.
reka-silent = O Reka ficou em silêncio: tente de novo.
reka-down = Não estou conseguindo falar com o Reka no momento: tente de novo em um minuto.
reka-odd = O Reka mandou uma resposta que eu não consegui ler: tente de novo.
reka-refused = O Reka não aceitou esta pergunta: faça de outro jeito, ou mais curta.
reka-filtered = O filtro de conteúdo da Reka parou esta resposta: pergunte de outro jeito.
unexpected = Algo deu errado do meu lado e ficou no meu registro: tente de novo.
memory-unavailable = Não consigo acessar minha memória no momento: tente de novo em um minuto.
discord-refused = O Discord não quis mostrar esta resposta: pergunte de outro jeito.

thinking = Pensando…
rest-in-file = A resposta inteira está no arquivo anexado.
thought-in-file = Todo este raciocínio está no arquivo anexado.
thought-gone = Não tenho mais este raciocínio: guardo por uma hora no máximo, e perco tudo quando reinicio.

note-broke-off = A resposta foi interrompida aqui. { $why }
note-too-long = Paro por aqui: esta resposta chegou ao limite de { $limit ->
        [one] { $limit } caractere
       *[other] { $limit } caracteres
    }. Peça para eu continuar se quiser mais.
note-too-slow = Paro por aqui: esta resposta levou mais de { $minutes ->
        [one] { $minutes } minuto
       *[other] { $minutes } minutos
    }. Peça para eu continuar se quiser mais.
note-token-ending = Paro por aqui: o Discord só me deixa responder a um comando por 15 minutos. Peça para eu continuar se quiser mais.
note-pictures-refused = Respondi sem imagens desta conversa que a Reka não aceitou.
note-restarted = Uma reinicialização me interrompeu no meio desta resposta: tente de novo.
note-at-models-limit = Paro por aqui: esta resposta chegou ao limite do modelo.
note-only-thought = Só pensei nisso e não cheguei a uma resposta.

button-try-again = Tentar de novo
button-go-on = Continuar
button-thinking = Ver raciocínio
again-not-yours = Só quem fez a pergunta, ou alguém que gerencia mensagens aqui, pode tentar de novo.
again-running = Já estou cuidando disso, ou já foi respondido.
again-forgotten = Não me lembro mais desta pergunta: faça de novo, por favor.

reset-done = Pronto: esqueci esta conversa, e começamos do zero.
reset-nothing = Não havia nada para esquecer: começamos do zero.

operator-only = Este comando é de quem me administra: pergunte-me qualquer outra coisa.
operator-synced = O Discord agora tem estes meus comandos: { $names }.
operator-sync-failed = O Discord não aceitou meus comandos ({ $why }): tente de novo em um minuto.
operator-reloaded = Carregado de novo: { $names }.
operator-reload-failed = Não foi possível recarregar { $name } ({ $why }), que continua como estava: meu registro diz mais.

file-too-many = { $limit ->
        [one] Olhei só a primeira imagem
       *[other] Olhei as primeiras { $limit } imagens
    }; deixei de fora: { $names }.
file-too-large = Deixei { $name } de fora: o arquivo tem mais de { $limit_mib } MiB.
file-not-picture = Deixei { $name } de fora: só consigo olhar imagens PNG, JPEG, WebP e GIF.
file-broken = Deixei { $name } de fora: o arquivo está danificado, ou a imagem é grande demais para abrir.
file-refused = Deixei { $name } de fora: a Reka não aceitou o arquivo.
file-gone = Deixei { $name } de fora: o Discord não tem mais o arquivo, então anexe de novo.
file-unreachable = Deixei { $name } de fora: não consegui baixar o arquivo, então anexe de novo.
file-forbidden-host = Deixei { $name } de fora: só baixo arquivos do Discord.

about-question = Explique esta mensagem, por favor.
go-on-question = Por favor, continue exatamente de onde parou, no mesmo idioma.
