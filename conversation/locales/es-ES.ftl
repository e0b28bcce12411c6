# The sentences of en-US.ftl in Spanish, which says what the values are. Readers are “tú”, as in Discord's Spanish.

hint-empty = Pregúntame algo: escribe tu pregunta después de mi nombre, envíame una imagen o usa /ask.
withheld = Discord no me ha mostrado lo que escribiste ahí: mencióname en un mensaje aparte, o usa «Ask about this message» en el menú «Aplicaciones» del mensaje.
note-quote-withheld = Discord no me ha mostrado el mensaje al que respondiste: usa «Ask about this message» en su menú «Aplicaciones» y podré leerlo.
queue-full = { $waiting ->
        [one] Ya hay { $waiting } pregunta esperando aquí: vuelve a preguntar cuando la haya respondido.
       *[other] Ya hay { $waiting } preguntas esperando aquí: vuelve a preguntar cuando haya respondido algunas.
    }
quota-spent = Ya has hecho { $limit ->
        [one] tu única pregunta
       *[other] tus { $limit } preguntas
    } de esta hora: vuelve a preguntar { $retry }.
guild-not-allowed = Quien me administra no me ha abierto a este servidor: pídele que lo añada, o úsame donde me tenga activo.
dm-not-allowed = Quien me administra solo me deja responder mensajes directos a miembros de sus propios servidores: únete a uno, o pregunta allí.
restarting = Me estoy reiniciando: vuelve a preguntar en un minuto.
try-later = No he podido saber si puedes preguntar aquí: inténtalo de nuevo dentro de un minuto.
hint-cannot-write = En este canal no puedo escribir por mi cuenta, solo responder a comandos de barra: un administrador puede concederme aquí «Ver canal» y «Enviar mensajes».

reka-auth = Ahora mismo no puedo iniciar sesión en Reka: avisa a quien me administra de que hay que renovar la sesión de Reka.
reka-busy = Reka tiene mucho trabajo ahora mismo: inténtalo de nuevo en un minuto.
reka-busy-until = Reka tiene mucho trabajo ahora mismo: inténtalo de nuevo { $retry }.
reka-quota = Los créditos de Reka se han agotado: avisa a quien me administra.
reka-silent = Reka se ha quedado en silencio: inténtalo de nuevo.
reka-down = Ahora mismo no puedo conectar con Reka: inténtalo de nuevo en un minuto.
reka-odd = Reka ha enviado una respuesta que no he podido leer: inténtalo de nuevo.
reka-refused = Reka no ha aceptado esta pregunta: hazla de otra manera, o más corta.
reka-filtered = El filtro de contenido de Reka ha detenido esta respuesta: pregunta de otra manera.
unexpected = Algo ha fallado por mi parte y ha quedado en mi registro: inténtalo de nuevo.
memory-unavailable = Ahora mismo no puedo acceder a mi memoria: inténtalo de nuevo en un minuto.
discord-refused = Discord no ha querido mostrar esta respuesta: pregunta de otra manera.

thinking = Pensando…
rest-in-file = La respuesta completa está en el archivo adjunto.
thought-in-file = Todos estos pensamientos están en el archivo adjunto.
thought-gone = Ya no tengo estos pensamientos: los guardo una hora como mucho y los pierdo al reiniciarme.

note-broke-off = La respuesta se ha cortado aquí. { $why }
note-too-long = Paro aquí: esta respuesta ha llegado a su límite de { $limit ->
        [one] { $limit } carácter
       *[other] { $limit } caracteres
    }. Pídeme que siga si quieres más.
note-too-slow = Paro aquí: esta respuesta ha tardado más de { $minutes ->
        [one] { $minutes } minuto
       *[other] { $minutes } minutos
    }. Pídeme que siga si quieres más.
note-token-ending = Paro aquí: Discord solo me deja responder a un comando durante 15 minutos. Pídeme que siga si quieres más.
note-pictures-refused = He respondido sin imágenes de esta conversación que Reka no ha aceptado.
note-restarted = Un reinicio me ha interrumpido en mitad de esta respuesta: inténtalo de nuevo.
note-at-models-limit = Paro aquí: esta respuesta ha llegado al límite del modelo.
note-only-thought = Solo he estado pensando en esto y no he llegado a ninguna respuesta.

button-try-again = Reintentar
button-go-on = Continuar
button-thinking = Ver razonamiento
again-not-yours = Solo quien hizo la pregunta, o alguien que gestione los mensajes aquí, puede volver a intentarlo.
again-running = Ya estoy en ello, o ya tiene respuesta.
again-forgotten = Ya no recuerdo esta pregunta: hazla de nuevo, por favor.

reset-done = Hecho: he olvidado esta conversación y empezamos de cero.
reset-nothing = No había nada que olvidar: empezamos de cero.

operator-only = Este comando es para quien me administra: pregúntame cualquier otra cosa.
operator-synced = Discord tiene ahora estos comandos míos: { $names }.
operator-sync-failed = Discord no aceptó mis comandos ({ $why }): inténtalo de nuevo en un minuto.
operator-reloaded = Cargado de nuevo: { $names }.
operator-reload-failed = No se pudo volver a cargar { $name } ({ $why }) y sigue como estaba: mi registro dice más.

file-too-many = { $limit ->
        [one] Solo he mirado la primera imagen
       *[other] He mirado las primeras { $limit } imágenes
    }; he dejado fuera: { $names }.
file-too-large = He dejado fuera { $name }: ocupa más de { $limit_mib } MiB.
file-not-picture = He dejado fuera { $name }: solo puedo mirar imágenes PNG, JPEG, WebP y GIF.
file-broken = He dejado fuera { $name }: el archivo está dañado, o la imagen es demasiado grande para abrirla.
file-refused = He dejado fuera { $name }: Reka no lo ha aceptado.
file-gone = He dejado fuera { $name }: Discord ya no tiene el archivo, así que adjúntalo de nuevo.
file-unreachable = He dejado fuera { $name }: no he podido descargar el archivo, así que adjúntalo de nuevo.
file-forbidden-host = He dejado fuera { $name }: solo descargo archivos de Discord.

about-question = Explícame este mensaje, por favor.
go-on-question = Por favor, sigue exactamente donde lo dejaste, en el mismo idioma.
